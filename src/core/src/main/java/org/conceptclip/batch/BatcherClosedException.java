package org.conceptclip.batch;

/**
 * The request was submitted after closing began, or an interrupted close dropped it before a device started it. It was not computed.
 */
public class BatcherClosedException extends RuntimeException {
  public BatcherClosedException(String message) {
    super(message, null, false, false);
  }
}
