package org.conceptclip.cli;

/** Exit codes of commands. */
public final class ExitCode {
  public static final int DONE = 0;
  /** A defect of this program. */
  public static final int INTERNAL_ERROR = 1;
  public static final int WRONG_USAGE = 2;
  /** An input cannot be used; there are no results. */
  public static final int BAD_INPUT = 3;
  /** A backend cannot start on this machine, or its device failed or ran out of memory. */
  public static final int BACKEND_UNAVAILABLE = 4;
  /** Some inputs gave results; the others are listed on stderr. */
  public static final int PARTLY_DONE = 5;

  /** A measurement is slower than before, or memory use grows. */
  public static final int REGRESSION = 6;
  /** A control measurement varied too much, so the measurements are inconclusive. */
  public static final int MACHINE_UNSTEADY = 7;

  private ExitCode() {}
}
