package org.conceptclip.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;

/** The stdin of a command: one picture, one list of names, or one list of labels. Nothing else may take it after the first. */
final class Stdin {
  /** What names stdin among files. A file of this name is {@code ./-}. */
  static final String SHORT = "-";

  /** Largest picture from a stream, in bytes. */
  private static final int LARGEST_PICTURE = 1 << 30;

  private final InputStream in;
  private String taker;

  Stdin(InputStream in) {
    this.in = in;
  }

  /** Whether a name stands for stdin, or for another stream that a shell has opened, as in {@code <(command)}. */
  static boolean isMeant(Path name) {
    String text = name.toString();
    return text.equals(SHORT) || text.equals("/dev/stdin") || text.startsWith("/dev/fd/") || text.startsWith("/proc/self/fd/");
  }

  /**
   * The whole of a picture.
   *
   * @param name what {@link #isMeant} accepts
   * @throws BadInputException if it cannot be read, is larger than 1 GiB, or stdin was taken before
   */
  byte[] picture(Path name) {
    return bytes(name, "a picture", LARGEST_PICTURE);
  }

  /** The bytes of a stream. Throws if there are more than {@code limit}. */
  byte[] bytes(Path name, String what, int limit) {
    try (InputStream stream = stream(name, what)) {
      byte[] bytes = stream.readNBytes(limit);
      if (bytes.length == limit && stream.read() >= 0) {
        throw new BadInputException(Names.readable(name) + ": more than " + (limit >> 20) + " MiB, expected " + what + " below that");
      }
      return bytes;
    } catch (IOException e) {
      throw new BadInputException(Names.readable(name) + ": cannot be read (" + Failures.reason(e) + "), expected " + what, e);
    }
  }

  /** The stream that a name stands for. */
  InputStream stream(Path name, String what) throws IOException {
    if (!name.toString().equals(SHORT) && !name.endsWith("stdin") && !name.endsWith("0")) {
      return Files.newInputStream(name);
    }
    if (taker != null) {
      throw new BadInputException(Names.readable(name) + ": stdin holds one thing, expected another file for " + what + " (" + taker
          + " was read from it)");
    }
    taker = what;
    return in;
  }
}
