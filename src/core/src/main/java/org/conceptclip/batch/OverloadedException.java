package org.conceptclip.batch;

/**
 * The queue is full, so this request was rejected at once and nothing of it was kept. Try again later, with a higher priority, or
 * through a call that waits. Has no stack trace, because many are thrown under overload.
 */
public class OverloadedException extends RuntimeException {
  public OverloadedException(String message) {
    super(message, null, false, false);
  }
}
