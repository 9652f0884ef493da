package org.conceptclip.cli;

/** Exit codes of commands. */
public final class ExitCode {
  public static final int DONE = 0;
  /** A defect of this program, or too little memory for what is not a single picture. */
  public static final int INTERNAL_ERROR = 1;
  public static final int WRONG_USAGE = 2;
  /** An input cannot be used, or a file that an option names cannot be written; there are no results. */
  public static final int BAD_INPUT = 3;
  /** A backend cannot start on this machine, or its device failed or ran out of memory. */
  public static final int BACKEND_UNAVAILABLE = 4;
  /** Some inputs gave results; the others are listed on stderr. */
  public static final int PARTLY_DONE = 5;

  /** A measurement is slower than before, or memory use grows. */
  public static final int REGRESSION = 6;
  /** A control measurement varied too much, so the measurements are inconclusive. */
  public static final int MACHINE_UNSTEADY = 7;

  /** Results could not be written to stdout: the disk is full, or stdout is closed. */
  public static final int RESULTS_LOST = 8;
  /** A calibration was measured and written, and it says that fp8 is not recommended for the model. */
  public static final int NOT_RECOMMENDED = 9;
  /** The reader of stdout has gone, so the command stopped: 128 + 13, as a shell reports a program that SIGPIPE has ended. */
  public static final int READER_GONE = 141;

  private ExitCode() {}
}
