package org.conceptclip.image;

import java.io.IOException;
import java.util.Locale;
import org.conceptclip.util.NativeLibrary;

/**
 * The native library of image codecs: Leptonica's, which contains libtiff, libjpeg-turbo and libwebp. Neither Leptonica itself nor the
 * Java side of its jar is used. Loaded once per process, on first use.
 */
final class CodecLibrary {
  private static final String RESOURCE = "org/bytedeco/leptonica/linux-x86_64/libleptonica.so.6";
  private static final NativeLibrary LIBRARY;
  private static final Throwable PROBLEM;

  static {
    NativeLibrary library = null;
    Throwable problem = null;
    try {
      String platform = (System.getProperty("os.name") + " " + System.getProperty("os.arch")).toLowerCase(Locale.ROOT);
      if (!platform.equals("linux amd64") && !platform.equals("linux x86_64")) {
        throw new IllegalStateException("no build for " + platform + ", expected Linux on amd64");
      }
      library = new NativeLibrary("leptonica", CodecLibrary.class, RESOURCE);
    } catch (IOException | RuntimeException | LinkageError e) {
      problem = e;
    }
    LIBRARY = library;
    PROBLEM = problem;
  }

  private CodecLibrary() {}

  /**
   * The library.
   *
   * @throws IllegalStateException if it cannot be used on this platform or could not be loaded; the message says why
   */
  static NativeLibrary get() {
    if (LIBRARY == null) {
      throw new IllegalStateException(PROBLEM.getMessage() == null ? PROBLEM.toString() : PROBLEM.getMessage(), PROBLEM);
    }
    return LIBRARY;
  }

  /** A call of a native function. */
  interface Call<T> {
    T run() throws Throwable;
  }

  /** Makes a call of plain integers and addresses, which throws nothing of its own. Errors of the JVM pass. */
  static <T> T call(Call<T> call) {
    try {
      return call.run();
    } catch (Throwable e) {
      throw NativeLibrary.unexpected("an image codec", e);
    }
  }
}
