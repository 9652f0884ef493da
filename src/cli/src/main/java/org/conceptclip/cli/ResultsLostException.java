package org.conceptclip.cli;

import java.io.IOException;

/** Results could not be delivered. Ends a command, whatever it was doing. */
final class ResultsLostException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean readerGone;

  /** @param readerGone whether stdout is a pipe or socket that nobody reads any more */
  ResultsLostException(IOException cause, boolean readerGone) {
    super("results cannot be written: " + reason(cause), cause);
    this.readerGone = readerGone;
  }

  /** Whether the reader of a pipe has ended, as {@code head} does when it has seen enough. */
  boolean readerGone() {
    return readerGone;
  }

  private static String reason(IOException failure) {
    String message = String.valueOf(failure.getMessage());
    return message.equals("Bad file descriptor") || message.equals("Stream Closed") ? "stdout is closed" : message;
  }
}
