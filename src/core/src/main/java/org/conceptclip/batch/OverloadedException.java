package org.conceptclip.batch;

/**
 * There is more work than the devices do in time, so this request was refused at once: nothing was kept of it. Try again later, with a
 * higher priority, or through a call that waits. Without a stack trace: under overload there are many of these.
 */
public class OverloadedException extends RuntimeException {
  public OverloadedException(String message) {
    super(message, null, false, false);
  }
}
