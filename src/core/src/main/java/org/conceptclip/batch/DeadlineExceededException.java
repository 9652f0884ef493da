package org.conceptclip.batch;

/** A request's timeout ended before a device began with it. It was not computed. Without a stack trace, as there may be many. */
public class DeadlineExceededException extends RuntimeException {
  public DeadlineExceededException(String message) {
    super(message, null, false, false);
  }
}
