package org.conceptclip.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Properties;

/**
 * Unpacks and loads the native library of {@code ai.djl.huggingface:tokenizers}, once a process.
 *
 * <p>That library's own facade and loader are left out on purpose: before the first token they call a cloud metadata address
 * and a telemetry server, probe for CUDA through JNA, may download a CUDA build and cost about 0.4 s. Below them lies one
 * class of native methods, {@link TokenizersLibrary}, which does none of that. See docs/adr/0004-tokenizer.md.
 *
 * <p>The unpacked file is kept in {@code $CONCEPTCLIP_CACHE}, or else {@code $XDG_CACHE_HOME/conceptclip} or
 * {@code ~/.cache/conceptclip}, and is reused by later processes. Where that default cannot be written, the file goes to a
 * fresh private folder under {@code java.io.tmpdir} that is deleted as soon as the library is loaded. A
 * {@code $CONCEPTCLIP_CACHE} that cannot be written is an error.
 */
final class NativeTokenizers {
  static final String CACHE_VARIABLE = "CONCEPTCLIP_CACHE";

  private static final String LIBRARY = "tokenizers";

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
    static final TokenizerUnavailableException FAILURE = attempt();

    private static TokenizerUnavailableException attempt() {
      try {
        load();
        return null;
      } catch (TokenizerUnavailableException e) {
        return e;
      }
    }
  }

  private static void load() {
    String platform = platform();
    String file = System.mapLibraryName(LIBRARY);
    String resource = "native/lib/" + platform + "/cpu/" + file;
    ClassLoader loader = NativeTokenizers.class.getClassLoader();
    URL source = platform.startsWith("win") ? null : loader.getResource(resource);
    if (source == null) {
      throw new TokenizerUnavailableException("tokenizer: no native library for " + platform
          + " in ai.djl.huggingface:tokenizers (looked for " + resource
          + "); linux-x86_64, linux-aarch64 and osx-aarch64 are there");
    }
    String explicit = System.getenv(CACHE_VARIABLE);
    Path cache = explicit != null && !explicit.isEmpty() ? Path.of(explicit) : defaultCache();
    Path folder = cache.resolve("tokenizers-" + version(loader) + "-" + platform);
    try {
      loadFrom(unpack(source, folder, file));
    } catch (IOException e) {
      if (explicit != null && !explicit.isEmpty()) {
        throw new TokenizerUnavailableException("tokenizer: cannot unpack its native library to " + folder + " ("
            + CACHE_VARIABLE + "): " + OneLine.of(e.toString()), e);
      }
      loadFromTemporaryFolder(source, file, e);
    }
  }

  private static Path defaultCache() {
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path base = xdg != null && !xdg.isEmpty() ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
    return base.resolve("conceptclip");
  }

  /** {@code folder/file} with the bytes of {@code source}; written beside it and renamed, so that no reader sees half a file. */
  private static Path unpack(URL source, Path folder, String file) throws IOException {
    Path target = folder.resolve(file);
    URLConnection connection = source.openConnection();
    long expectedBytes = connection.getContentLengthLong();
    if (Files.isRegularFile(target) && Files.size(target) == expectedBytes) {
      return target;
    }
    Files.createDirectories(folder);
    Path partial = Files.createTempFile(folder, file, ".part");
    try (InputStream in = connection.getInputStream()) {
      Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
      Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(partial);
    }
    return target;
  }

  private static void loadFromTemporaryFolder(URL source, String file, IOException whyNotCached) {
    Path folder = null;
    try {
      folder = Files.createTempDirectory("conceptclip");
      loadFrom(unpack(source, folder, file));
    } catch (IOException e) {
      e.addSuppressed(whyNotCached);
      throw new TokenizerUnavailableException("tokenizer: cannot unpack its native library: neither to the cache ("
          + OneLine.of(whyNotCached.toString()) + ") nor to java.io.tmpdir (" + OneLine.of(e.toString()) + "); set "
          + CACHE_VARIABLE + " to a folder that can be written", e);
    } finally {
      delete(folder, file);
    }
  }

  /** Linux and macOS keep a loaded library alive without its file. What cannot be deleted stays for the system's own cleaning. */
  private static void delete(Path folder, String file) {
    if (folder != null) {
      boolean gone = folder.resolve(file).toFile().delete() & folder.toFile().delete();
      if (!gone) {
        folder.resolve(file).toFile().deleteOnExit();
      }
    }
  }

  private static void loadFrom(Path file) {
    try {
      System.load(file.toAbsolutePath().toString());
      // Proves that the loader of TokenizersLibrary sees the library: natives are bound per class loader.
      TokenizersLibrary.LIB.deleteTokenizer(TokenizersLibrary.LIB.createTokenizerFromString(PROBE));
    } catch (UnsatisfiedLinkError e) {
      throw new TokenizerUnavailableException("tokenizer: cannot load " + file + ": " + OneLine.of(e.getMessage()), e);
    }
  }

  /** The smallest tokenizer there is. */
  private static final String PROBE =
      "{\"version\":\"1.0\",\"added_tokens\":[],\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"?\":0},\"unk_token\":\"?\"}}";

  private static String version(ClassLoader loader) {
    try (InputStream in = loader.getResourceAsStream("native/lib/" + LIBRARY + ".properties")) {
      if (in == null) {
        throw new TokenizerUnavailableException(
            "tokenizer: native/lib/" + LIBRARY + ".properties is not on the class path beside the native library");
      }
      Properties properties = new Properties();
      properties.load(in);
      return properties.getProperty("version");
    } catch (IOException e) {
      throw new TokenizerUnavailableException("tokenizer: native/lib/" + LIBRARY + ".properties cannot be read", e);
    }
  }

  private static String platform() {
    String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String system = name.startsWith("linux") ? "linux" : name.startsWith("mac") ? "osx" : name.startsWith("win") ? "win" : name;
    String arch = System.getProperty("os.arch");
    return system + "-" + (arch.equals("amd64") ? "x86_64" : arch);
  }
}
