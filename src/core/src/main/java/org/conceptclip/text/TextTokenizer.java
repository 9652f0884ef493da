package org.conceptclip.text;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.conceptclip.tensor.BadInputException;

/**
 * Turns texts into the token ids of one model, as Hugging Face's fast tokenizers do. For ConceptCLIP: clean the text, lowercase it, strip
 * accents, split it by WordPiece, add {@code [CLS]} in front and {@code [SEP]} behind. Texts are cut to a number of tokens, never padded.
 *
 * <p>Other kinds of tokenizers are refused when they are opened, by the name of what is not supported; docs/adr/0004-tokenizer.md says
 * why. A text is read until its tokens are complete, so time and memory do not grow with the length of what is cut off.
 *
 * <p>Holds the vocabulary (a few megabytes) until closed. Thread-safe. It reads the files of the folder that it is opened on and no other,
 * loads no native code and uses no network.
 */
public final class TextTokenizer implements AutoCloseable {
  private final String description;
  private final int maxTokens;
  private final int vocabularySize;
  private volatile WordPieceModel modelOrNull;

  private TextTokenizer(String description, WordPieceModel model, int maxTokens) {
    int fewest = model.first().length + model.last().length + 1;
    if (maxTokens < fewest) {
      throw new BadInputException("a text of at most " + maxTokens + " tokens: expected at least " + fewest
          + ", for [CLS], [SEP] and one token of the text");
    }
    this.description = description;
    this.maxTokens = maxTokens;
    this.vocabularySize = model.size();
    this.modelOrNull = model;
  }

  /**
   * Opens the tokenizer of a model folder: {@code tokenizer.json}, or {@code vocab.txt} with {@code tokenizer_config.json}.
   *
   * @param maxTokens tokens that a text is cut to, {@code [CLS]} and {@code [SEP]} included
   * @throws BadInputException if the files are missing, broken or of another kind, or {@code maxTokens} is below 3
   */
  public static TextTokenizer open(Path folder, int maxTokens) {
    absence(folder).ifPresent(absence -> {
      throw new BadInputException(absence);
    });
    Path json = folder.resolve("tokenizer.json");
    return Files.exists(json)
        ? fromJson(json.toString(), TokenizerFile.read(json), maxTokens)
        : fromVocabulary(folder.toString(), TokenizerFile.read(folder.resolve("vocab.txt")),
            TokenizerFile.read(folder.resolve("tokenizer_config.json")), maxTokens);
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
    return new TextTokenizer(where + "/vocab.txt", VocabularyFiles.read(where, vocabulary, config), maxTokens);
  }

  /** Makes a tokenizer from the bytes of a {@code tokenizer.json}, which messages call {@code file}. */
  static TextTokenizer fromJson(String file, byte[] json, int maxTokens) {
    return new TextTokenizer(file, TokenizerJson.read(file, json), maxTokens);
  }

  /** The file that the tokenizer was read from. */
  public String description() {
    return description;
  }

  /** Number of ids: the highest id of a token plus one. A model's token embedding must have at least as many rows. */
  public int vocabularySize() {
    return vocabularySize;
  }

  /**
   * Encodes one text. The empty text is legal: {@code [CLS] [SEP]}. A surrogate without its other half counts as U+FFFD,
   * which cleaning drops.
   *
   * <p>Takes microseconds for a text of words, however long it is, and some tens of milliseconds for the worst text.
   *
   * @throws BadInputException if the first 8,388,608 characters (UTF-16) do not decide the tokens: for example, millions of blanks
   */
  public TokenizedText encode(String text) {
    return new WordPieceEncoder(model(), text, maxTokens).encode();
  }

  /** Encodes texts, in their order, on this thread. Each result is the same as alone. */
  public List<TokenizedText> encode(List<String> texts) {
    WordPieceModel model = model();
    return texts.stream().map(text -> new WordPieceEncoder(model, text, maxTokens).encode()).toList();
  }

  private WordPieceModel model() {
    WordPieceModel model = modelOrNull;
    if (model == null) {
      throw new IllegalStateException("tokenizer " + description + " is closed");
    }
    return model;
  }

  /** Lets go of the vocabulary; encodings in progress end as usual, and closing again does nothing. */
  @Override
  public void close() {
    modelOrNull = null;
  }
}
