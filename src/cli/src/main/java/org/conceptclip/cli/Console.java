package org.conceptclip.cli;

import java.io.PrintStream;

/**
 * The output streams of a command.
 *
 * @param out receives results and nothing else
 * @param err receives everything else
 * @param interactive whether {@code err} is a terminal
 * @param traces whether stack traces are printed with errors
 */
public record Console(PrintStream out, PrintStream err, boolean interactive, boolean traces) {

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
    return new Console(out, err, interactive, true);
  }
}
