package org.conceptclip.cli;

import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.UnsupportedRequestException;
import org.conceptclip.runtime.NonFiniteResultException;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Turns whatever ended a command into one line on stderr and an exit code.
 *
 * @param command the command in full, for example {@code conceptclip classify}
 */
record FailureReport(Console console, String command) {
  /** Length of the longest message in characters: enough for a list of missing weights. */
  private static final int LONGEST_MESSAGE = 10_000;

  /** Reports a failure of any kind. Returns the exit code. */
  int exitCode(Throwable failure) {
    String message = oneLine(failure.getMessage());
    return switch (failure) {
      // As a program does that the system ends for it (SIGPIPE): whoever stopped reading needs no message.
      case ResultsLostException e when e.readerGone() -> ExitCode.READER_GONE;
      case ResultsLostException _ -> say(message, failure, ExitCode.RESULTS_LOST);
      case UsageException _ -> usage(message, failure);
      // The message begins with a part of the request, which has the name of an option here.
      case UnsupportedRequestException _ -> usage("--" + message, failure);
      case BadInputException _ -> say(message, failure, ExitCode.BAD_INPUT);
      case NonFiniteResultException _ -> say(message, failure, ExitCode.BAD_INPUT);
      case BackendUnavailableException _ -> say(message, failure, ExitCode.BACKEND_UNAVAILABLE);
      case DeviceException e -> say(
          message + (e.kind() == DeviceException.Kind.LOST ? "; the device can do no more work in this process" : ""), e,
          ExitCode.BACKEND_UNAVAILABLE);
      case Throwable _ when Shortage.isCauseOf(failure) -> say(Shortage.line(), failure, ExitCode.INTERNAL_ERROR);
      default -> say("internal error: " + described(failure) + (console.traces() ? "" : " (--debug shows where)"), failure,
          ExitCode.INTERNAL_ERROR);
    };
  }

  /** Reports a mistake in the arguments. Returns the exit code. */
  int usage(String message, Throwable failure) {
    console.fail(oneLine(message), failure);
    console.say("try: " + command + " --help");
    return ExitCode.WRONG_USAGE;
  }

  /** Type and message of a failure in one line. */
  static String described(Throwable failure) {
    return failure.getClass().getSimpleName() + (failure.getMessage() == null ? "" : ": " + oneLine(failure.getMessage()));
  }

  private int say(String line, Throwable failure, int code) {
    console.fail(line, failure);
    return code;
  }

  private static String oneLine(String message) {
    return OneLine.of(message, LONGEST_MESSAGE);
  }
}
