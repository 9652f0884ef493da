package org.conceptclip.text;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Turns texts into the token ids of one model, as Hugging Face's fast tokenizers do. For ConceptCLIP: clean the text, lowercase it, strip
 * accents, split it by WordPiece, add {@code [CLS]} in front and {@code [SEP]} behind. Texts are cut to a number of tokens, never padded.
 *
 * <p>Owns native memory until closed. Thread-safe. It reads the files of the folder that it is opened on, and the first tokenizer of a
 * class loader unpacks a native library (see docs/adr/0004-tokenizer.md). It uses no network.
 */
public final class TextTokenizer implements AutoCloseable {
  /** {@code [CLS]}, {@code [SEP]} and one token of text. */
  private static final int FEWEST_TOKENS = 3;

  /**
   * The library's own batches start native threads that would never end. A text takes about 50 microseconds, so from this number of texts
   * on several threads pay.
   */
  private static final int PARALLEL_FROM = 32;

  private final TokenizersLibrary library;
  private final String description;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private long handle;

  private TextTokenizer(String description, String json, int maxTokens) {
    if (maxTokens < FEWEST_TOKENS) {
      throw new BadInputException("a text of at most " + maxTokens + " tokens: expected at least " + FEWEST_TOKENS
          + ", for [CLS], [SEP] and one token of the text");
    }
    this.library = NativeTokenizers.library();
    this.description = description;
    this.handle = create(library, description, json);
    library.setTruncation(handle, maxTokens, "LONGEST_FIRST", 0);
    library.disablePadding(handle);
  }

  private static long create(TokenizersLibrary library, String description, String json) {
    try {
      return library.createTokenizerFromString(json);
    } catch (RuntimeException e) { // the only sign of bad JSON that the native side gives
      throw new BadInputException(description + ": not a tokenizer: " + OneLine.of(e.getMessage()), e);
    }
  }

  /**
   * Opens the tokenizer of a model folder: {@code tokenizer.json}, or {@code vocab.txt} with {@code tokenizer_config.json}.
   *
   * @param maxTokens tokens that a text is cut to, {@code [CLS]} and {@code [SEP]} included
   * @throws BadInputException if the files are missing or broken, or {@code maxTokens} is below 3
   * @throws TokenizerUnavailableException if the native library does not load
   */
  public static TextTokenizer open(Path folder, int maxTokens) {
    absence(folder).ifPresent(absence -> {
      throw new BadInputException(absence);
    });
    Path json = folder.resolve("tokenizer.json");
    return Files.exists(json)
        ? new TextTokenizer(json.toString(), WordPieceJson.utf8(json + ": not a tokenizer", read(json)), maxTokens)
        : fromVocabulary(
            folder.toString(), read(folder.resolve("vocab.txt")), read(folder.resolve("tokenizer_config.json")), maxTokens);
  }

  /** One line that says why {@link #open} finds no tokenizer in a folder; empty if it finds one, which may be broken. */
  public static Optional<String> absence(Path folder) {
    Path vocabulary = folder.resolve("vocab.txt");
    Path config = folder.resolve("tokenizer_config.json");
    if (Files.exists(folder.resolve("tokenizer.json")) || Files.exists(vocabulary) && Files.exists(config)) {
      return Optional.empty();
    }
    return Optional.of(folder + ": no tokenizer (" + found(folder, vocabulary, config)
        + "); expected tokenizer.json, or vocab.txt with tokenizer_config.json");
  }

  private static String found(Path folder, Path vocabulary, Path config) {
    if (!Files.isDirectory(folder)) {
      return Files.exists(folder) ? "not a folder" : "no such folder";
    }
    return Files.exists(vocabulary) ? "vocab.txt alone"
        : Files.exists(config) ? "tokenizer_config.json alone" : "none of its files";
  }

  /**
   * Makes a WordPiece tokenizer from the bytes of {@code vocab.txt} and {@code tokenizer_config.json}.
   *
   * @param where folder or resource path of the two files, for messages
   * @throws BadInputException if they are broken, or {@code maxTokens} is below 3
   */
  public static TextTokenizer fromVocabulary(String where, byte[] vocabulary, byte[] config, int maxTokens) {
    return new TextTokenizer(where + "/vocab.txt", WordPieceJson.build(where, vocabulary, config), maxTokens);
  }

  /** The file that the tokenizer was read from. */
  public String description() {
    return description;
  }

  /**
   * Encodes one text. The empty text is legal: {@code [CLS] [SEP]}. A surrogate without its other half counts as U+FFFD,
   * which cleaning drops.
   */
  public TokenizedText encode(String text) {
    return encode(List.of(text)).getFirst();
  }

  /** Encodes texts, in their order; many of them in the JVM's common pool. Each result is the same as alone. */
  public List<TokenizedText> encode(List<String> texts) {
    lock.readLock().lock();
    try {
      long tokenizer = openHandle(); // the threads of the pool must not wait for the lock, which this one holds
      Stream<String> stream = texts.size() < PARALLEL_FROM ? texts.stream() : texts.parallelStream();
      return stream.map(text -> take(text, library.encode(tokenizer, wellFormed(text), true))).toList();
    } finally {
      lock.readLock().unlock();
    }
  }

  private long openHandle() {
    if (handle == 0) {
      throw new IllegalStateException("tokenizer " + description + " is closed");
    }
    return handle;
  }

  /** Copies a native encoding out and frees it. */
  private TokenizedText take(String text, long encoding) {
    try {
      long[] longIds = library.getTokenIds(encoding);
      CharSpan[] spans = library.getTokenCharSpans(encoding);
      int[] charOfCodePoint = charOfCodePoint(text);
      int[] ids = new int[longIds.length];
      int[] begin = new int[ids.length];
      int[] end = new int[ids.length];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = Math.toIntExact(longIds[i]);
        if (spans[i] != null) {
          begin[i] = charOfCodePoint[spans[i].getStart()];
          end[i] = charOfCodePoint[spans[i].getEnd()];
        }
      }
      return new TokenizedText(ids, begin, end, library.getOverflowCount(encoding) > 0);
    } finally {
      library.deleteEncoding(encoding);
    }
  }

  /** Char index of every code point of {@code text} and of its end. */
  private static int[] charOfCodePoint(String text) {
    int[] chars = new int[text.codePointCount(0, text.length()) + 1];
    for (int i = 1; i < chars.length; i++) {
      chars[i] = text.offsetByCodePoints(chars[i - 1], 1);
    }
    return chars;
  }

  /**
   * {@code text} with U+FFFD for every lone surrogate, which is what the JDK's encoder writes for one. Passed on, one of them would make
   * the native side misread every character beyond the basic plane in the text.
   */
  private static String wellFormed(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE);
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read: " + OneLine.of(e.toString()), e);
    }
  }

  /** Frees the native tokenizer, after encodings in progress; closing again does nothing. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (handle != 0) {
        library.deleteTokenizer(handle);
        handle = 0;
      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
