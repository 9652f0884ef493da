package org.conceptclip.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.conceptclip.util.NativeFiles;

/**
 * Unpacks (see {@link NativeFiles}) and loads the native library of {@code ai.djl.huggingface:tokenizers}, once per class loader.
 *
 * <p>That library's own facade and loader are left out on purpose: before the first token they call a cloud metadata address
 * and a telemetry server, probe for CUDA through JNA, may download a CUDA build and cost about 0.4 s. Below them lies one
 * class of native methods, {@link TokenizersLibrary}, which does none of that. See docs/adr/0004-tokenizer.md.
 */
final class NativeTokenizers {
  /** The smallest tokenizer there is. */
  private static final String PROBE =
      "{\"version\":\"1.0\",\"added_tokens\":[],\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"?\":0},\"unk_token\":\"?\"}}";

  private NativeTokenizers() {}

  /**
   * The native methods, ready to be called.
   *
   * @throws TokenizerUnavailableException if the library cannot be unpacked or loaded; later calls throw it again
   */
  static TokenizersLibrary library() {
    if (Holder.FAILURE != null) {
      throw new TokenizerUnavailableException(Holder.FAILURE.getMessage(), Holder.FAILURE);
    }
    return TokenizersLibrary.LIB;
  }

  /** Loads on first use; keeps a failure, because a class whose initialiser throws would hide it from the second caller. */
  private static final class Holder {
    static final TokenizerUnavailableException FAILURE = failureOfLoading();
  }

  /** Loads the library. Returns null if it can be used. */
  private static TokenizerUnavailableException failureOfLoading() {
    String platform = platform();
    String resource = "native/lib/" + platform + "/cpu/" + System.mapLibraryName("tokenizers");
    if (platform.startsWith("win") || NativeTokenizers.class.getClassLoader().getResource(resource) == null) {
      return new TokenizerUnavailableException("tokenizer: no native library for " + platform
          + " in ai.djl.huggingface:tokenizers (looked for " + resource + "); linux-x86_64, linux-aarch64 and osx-aarch64 are there");
    }
    try {
      NativeFiles.loadForOneLoader("tokenizers", NativeTokenizers.class, NativeTokenizers::load, resource);
      // Proves that the loader of TokenizersLibrary sees the library: natives are bound per class loader.
      TokenizersLibrary.LIB.deleteTokenizer(TokenizersLibrary.LIB.createTokenizerFromString(PROBE));
      return null;
    } catch (IOException e) {
      return new TokenizerUnavailableException("tokenizer: " + e.getMessage(), e);
    } catch (UnsatisfiedLinkError e) {
      return new TokenizerUnavailableException("tokenizer: cannot load its native library: " + e.getMessage(), e);
    }
  }

  private static Path load(Path file) {
    System.load(file.toAbsolutePath().toString());
    return file;
  }

  private static String platform() {
    String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String system = name.startsWith("linux") ? "linux" : name.startsWith("mac") ? "osx" : name.startsWith("win") ? "win" : name;
    String arch = System.getProperty("os.arch");
    return system + "-" + (arch.equals("amd64") ? "x86_64" : arch);
  }
}
