package org.conceptclip.cli;

/** What a command ends with. */
public final class ExitCode {
  public static final int DONE = 0;
  /** A fault of ours; the stack trace is worth a report. */
  public static final int INTERNAL_ERROR = 1;
  public static final int WRONG_USAGE = 2;
  /** An input cannot be used; nothing was done. */
  public static final int BAD_INPUT = 3;
  /** A backend cannot start here, or its device failed or ran out of memory. */
  public static final int BACKEND_UNAVAILABLE = 4;
  /** Some inputs gave results; the others are listed on stderr. */
  public static final int PARTLY_DONE = 5;

  /** Something is slower than it was, or does not stay what it was. */
  public static final int REGRESSION = 6;
  /** A control says that the machine did not hold still: nothing can be said. */
  public static final int MACHINE_UNSTEADY = 7;

  private ExitCode() {}
}
