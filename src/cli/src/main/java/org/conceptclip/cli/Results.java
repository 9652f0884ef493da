package org.conceptclip.cli;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Where a command delivers its results: stdout, in UTF-8. Unlike a {@link java.io.PrintStream}, it fails when bytes are not taken, so
 * that no command can lose results and end as if it had delivered them. Every method may throw {@link ResultsLostException}, and does so
 * again after the first time. Thread-safe.
 *
 * <p>Lines are kept until {@link #flush}, which hands them over in one piece. What was flushed has left this process.
 */
public final class Results {
  private static final int PIECE_BYTES = 64 << 10;

  /** Parts of a file's mode, as in {@code stat(2)}. */
  private static final int FILE_TYPE = 0170000;
  private static final int FIFO = 0010000;
  private static final int SOCKET = 0140000;

  private final OutputStream out;
  private final Supplier<Kind> kind;
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private ResultsLostException lost;

  /** What stdout is. */
  private enum Kind { PIPE, TERMINAL, OTHER }

  private Results(OutputStream out, Supplier<Kind> kind) {
    this.out = out;
    this.kind = kind;
  }

  /** The stdout of this process. */
  static Results stdout() {
    // The text of an error depends on the locale, so what stdout is tells whether a reader has gone.
    return new Results(new FileOutputStream(FileDescriptor.out), () -> kind(Path.of("/proc/self/fd/1")));
  }

  /** Any stream. */
  static Results to(OutputStream out) {
    return new Results(out, () -> Kind.OTHER);
  }

  /** Adds a line. */
  synchronized void line(String line) {
    text(line + "\n");
  }

  /** Adds bytes that are no text. */
  synchronized void bytes(byte[] bytes) {
    requireTaken();
    kept.writeBytes(bytes);
    if (kept.size() >= PIECE_BYTES) {
      flush();
    }
  }

  /** Hands over everything that was added. */
  synchronized void flush() {
    if (lost != null) {
      kept.reset();
      return;
    }
    try {
      kept.writeTo(out);
      out.flush();
      kept.reset();
    } catch (IOException e) {
      kept.reset();
      lost = new ResultsLostException(e, String.valueOf(e.getMessage()).contains("Broken pipe") || kind.get() == Kind.PIPE);
      throw lost;
    }
  }

  /** A writer to here, for libraries that print. Failures pass through it, because they are unchecked. */
  PrintWriter writer() {
    return new PrintWriter(new Writer() {
      @Override
      public void write(char[] characters, int from, int length) {
        text(new String(characters, from, length));
      }

      @Override
      public void flush() {
        Results.this.flush();
      }

      @Override
      public void close() {
        flush();
      }
    });
  }

  private void text(String text) {
    bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  private void requireTaken() {
    if (lost != null) {
      throw lost;
    }
  }

  /** Whether lines appear on a terminal, where a progress bar may be as well. */
  boolean isTerminal() {
    return kind.get() == Kind.TERMINAL;
  }

  private static Kind kind(Path descriptor) {
    try {
      int type = (Integer) Files.getAttribute(descriptor, "unix:mode") & FILE_TYPE;
      String target = Files.readSymbolicLink(descriptor).toString();
      return type == FIFO || type == SOCKET ? Kind.PIPE
          : target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console") ? Kind.TERMINAL : Kind.OTHER;
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      // The system does not tell; then a failure is reported like any other.
      return Kind.OTHER;
    }
  }
}
