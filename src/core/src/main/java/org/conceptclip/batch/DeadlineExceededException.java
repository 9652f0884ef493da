package org.conceptclip.batch;

/** A request's timeout ended before a device started it. It was not computed. Has no stack trace, because many may be thrown. */
public class DeadlineExceededException extends RuntimeException {
  public DeadlineExceededException(String message) {
    super(message, null, false, false);
  }
}
