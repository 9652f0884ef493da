package org.conceptclip.batch;

/** Submitted after closing began, or still waiting when a hurried close dropped what had not begun. It was not computed. */
public class BatcherClosedException extends RuntimeException {
  public BatcherClosedException(String message) {
    super(message, null, false, false);
  }
}
