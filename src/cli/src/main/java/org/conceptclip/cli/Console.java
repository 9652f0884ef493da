package org.conceptclip.cli;

import java.io.InputStream;
import java.io.PrintStream;

/**
 * The streams of a command.
 *
 * @param in stdin
 * @param out receives results and nothing else, and fails when it cannot
 * @param err receives everything else. A message that cannot be written is no reason to end a command, so failures are ignored
 * @param interactive whether {@code err} is a terminal
 * @param traces whether stack traces are printed with errors
 */
public record Console(InputStream in, Results out, PrintStream err, boolean interactive, boolean traces) {

  /** Prints one line of text to {@link #err()}. */
  public void say(String line) {
    err.println("conceptclip: " + line);
  }

  /** Prints a failure in one line, with its stack trace if traces are on. */
  public void fail(String line, Throwable failure) {
    say(line);
    if (traces) {
      failure.printStackTrace(err);
    }
  }

  /** This console with traces on. */
  Console withTraces() {
    return new Console(in, out, err, interactive, true);
  }
}
