package org.conceptclip.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.conceptclip.tensor.BadInputException;

/**
 * Names of pictures and folders in a file or on stdin, read while they are taken. Each ends with a zero byte if there is one in the first
 * 64 KiB (as {@code find -print0} writes them), else with the end of its line. Empty lines are skipped. Names are literal: no pattern, no
 * quotes, no comments.
 */
final class NameList implements Pictures.Level {
  /** Longer than any path that Linux accepts. */
  private static final int LONGEST_NAME = 8192;
  private static final int AHEAD = 64 << 10;

  private final String source;
  private final BufferedInputStream in;
  private int end = -1;
  private long number;

  private NameList(String source, InputStream in) {
    this.source = source;
    this.in = new BufferedInputStream(in, AHEAD);
  }

  /** Opens a list; {@code -} is stdin. */
  static NameList open(Path file, Stdin stdin) {
    try {
      return new NameList(Names.readable(file), Stdin.isMeant(file) ? stdin.stream(file, "a list of images") : Files.newInputStream(file));
    } catch (IOException e) {
      throw new BadInputException("--images-from " + Names.readable(file) + ": cannot be read (" + Failures.reason(e)
          + "), expected a file with names of images", e);
    }
  }

  @Override
  public boolean step(Pictures pictures) {
    byte[] name;
    try {
      if (end < 0) {
        end = separator();
      }
      name = next();
    } catch (IOException e) {
      pictures.problem(source + ": cannot be read further (" + Failures.reason(e) + "), expected names of images");
      return false;
    }
    if (name == null) {
      return false;
    }
    number++;
    if (name.length > LONGEST_NAME) {
      pictures.problem(source + ": name " + number + " is longer than " + LONGEST_NAME + " bytes, expected names of images, one a line");
      return false;
    }
    take(name, pictures);
    return true;
  }

  private void take(byte[] name, Pictures pictures) {
    try {
      Path path = Names.pathOrNull(name);
      if (path != null) {
        pictures.take(path, false);
      }
    } catch (BadInputException e) {
      pictures.problem(source + ": name " + number + ": " + e.getMessage());
    }
  }

  /** Zero if there is a zero byte in what is there first, else the end of a line. */
  private int separator() throws IOException {
    in.mark(AHEAD);
    int separator = '\n';
    for (int read = 0; read < AHEAD - 1; read++) {
      int one = in.read();
      if (one == 0) {
        separator = 0;
      }
      // A slow writer has sent what there is; waiting for more would hold up the names that have arrived.
      if (one <= 0 || (one == '\n' && in.available() == 0)) {
        break;
      }
    }
    in.reset();
    return separator;
  }

  /** The next name without its end; null after the last. One that is too long comes with one byte too many. */
  private byte[] next() throws IOException {
    ByteArrayOutputStream name = new ByteArrayOutputStream();
    int one = in.read();
    if (one < 0) {
      return null;
    }
    while (one >= 0 && one != end && name.size() <= LONGEST_NAME) {
      name.write(one);
      one = in.read();
    }
    byte[] bytes = name.toByteArray();
    boolean carriageReturn = end == '\n' && bytes.length > 0 && bytes[bytes.length - 1] == '\r';
    return carriageReturn ? Arrays.copyOf(bytes, bytes.length - 1) : bytes;
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      // All names that were wanted have been read.
      return;
    }
  }
}
