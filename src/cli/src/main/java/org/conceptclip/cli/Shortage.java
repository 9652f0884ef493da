package org.conceptclip.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.conceptclip.batch.ImageInput;

/** Messages about memory that did not suffice. */
final class Shortage {
  /** Formats whose header alone tells the size of a picture. */
  private static final List<String> WITH_SIZE_IN_HEADER = List.of("png", "jpeg", "gif", "bmp");

  private Shortage() {}

  /** Whether a failure is, or was caused by, memory that did not suffice. */
  static boolean isCauseOf(Throwable failure) {
    int depth = 0;
    for (Throwable cause = failure; cause != null && depth < 32; cause = cause.getCause(), depth++) {
      if (cause instanceof OutOfMemoryError) {
        return true;
      }
    }
    return false;
  }

  /** What to do about a command that ran out of memory. */
  static String line() {
    return "out of memory: found a heap of " + heap() + ", expected more; give it by CONCEPTCLIP_JAVA_OPTS=" + larger();
  }

  /** What to do about a picture that was too large for the memory. */
  static String line(ImageInput image) {
    return image.name() + ": out of memory for " + size(image) + " with a heap of " + heap() + ", expected a smaller picture or a larger"
        + " heap (CONCEPTCLIP_JAVA_OPTS=" + larger() + " doubles it; --max-pixels refuses large pictures at once)";
  }

  /** The option for twice the heap. */
  private static String larger() {
    return "-Xmx" + (Runtime.getRuntime().maxMemory() >> 19) + "m";
  }

  private static String heap() {
    return (Runtime.getRuntime().maxMemory() >> 20) + " MiB";
  }

  /** Pixels if the header tells them, else bytes of the file. */
  private static String size(ImageInput image) {
    return switch (image) {
      case ImageInput.File(Path path, String _) -> size(path);
      case ImageInput.Encoded(byte[] bytes, String _) -> bytes(bytes.length);
      case ImageInput.Pixels _ -> "its pixels";
    };
  }

  private static String size(Path path) {
    try (InputStream file = Files.newInputStream(path);
        ImageInputStream in = new MemoryCacheImageInputStream(file)) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      ImageReader reader = readers.next();
      if (WITH_SIZE_IN_HEADER.contains(reader.getFormatName().toLowerCase(Locale.ROOT))) {
        reader.setInput(in, true, true);
        return reader.getWidth(0) + "x" + reader.getHeight(0) + " pixels";
      }
      return bytes(Files.size(path));
    } catch (IOException | RuntimeException e) {
      // The message is about memory; a header that cannot be read does not change it.
      return "its pixels";
    }
  }

  private static String bytes(long count) {
    return "the pixels in " + count + " bytes";
  }
}
