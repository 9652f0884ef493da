package org.conceptclip.bench;

/** A contestant crashed, hung or answered nonsense; the message says which and what it said last. */
public class ContestantFailedException extends RuntimeException {
  public ContestantFailedException(String message) {
    super(message);
  }

  public ContestantFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
