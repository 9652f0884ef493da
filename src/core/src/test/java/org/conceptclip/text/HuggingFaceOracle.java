package org.conceptclip.text;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.conceptclip.util.NativeFiles;

/**
 * Hugging Face's own tokenizer, the one that the official ConceptCLIP code uses: what {@link TextTokenizer} must agree with. It ends the
 * process at some files that are no tokenizers, so it is given good ones only.
 */
final class HuggingFaceOracle implements AutoCloseable {
  private static final TokenizersLibrary LIBRARY = load();

  private final long handle;

  /** @param json a {@code tokenizer.json} */
  HuggingFaceOracle(String json, int maxTokens) {
    handle = LIBRARY.createTokenizerFromString(json);
    LIBRARY.setTruncation(handle, maxTokens, "LONGEST_FIRST", 0);
    LIBRARY.disablePadding(handle);
  }

  private static TokenizersLibrary load() {
    String machine = System.getProperty("os.arch").equals("amd64") ? "x86_64" : "aarch64";
    String resource = "native/lib/linux-" + machine + "/cpu/libtokenizers.so";
    try {
      return NativeFiles.load("tokenizers", HuggingFaceOracle.class, HuggingFaceOracle::load, resource);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static TokenizersLibrary load(Path file) {
    System.load(file.toAbsolutePath().toString());
    return TokenizersLibrary.LIB;
  }

  TokenizedText encode(String text) {
    // One lone surrogate would make the native side misread every character beyond the basic plane. The encoder writes U+FFFD for it.
    String wellFormed = new String(text.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE);
    long encoding = LIBRARY.encode(handle, wellFormed, true);
    try {
      long[] longIds = LIBRARY.getTokenIds(encoding);
      CharSpan[] spans = LIBRARY.getTokenCharSpans(encoding);
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
      return new TokenizedText(ids, begin, end, LIBRARY.getOverflowCount(encoding) > 0);
    } finally {
      LIBRARY.deleteEncoding(encoding);
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

  @Override
  public void close() {
    LIBRARY.deleteTokenizer(handle);
  }
}
