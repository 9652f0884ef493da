package org.conceptclip.cli;

import java.io.PrintStream;

/**
 * Where a command talks to.
 *
 * @param out results, nothing else
 * @param err everything else
 * @param interactive whether a person watches {@code err}
 * @param traces whether errors come with their stack traces
 */
public record Console(PrintStream out, PrintStream err, boolean interactive, boolean traces) {

  /** One line for people, on {@link #err()}. */
  public void say(String line) {
    err.println("conceptclip: " + line);
  }

  /** A failure in one line, with its stack trace when traces are on. */
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
