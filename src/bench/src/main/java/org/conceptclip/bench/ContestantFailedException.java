package org.conceptclip.bench;

/** A contestant crashed, hung or gave a wrong answer. The message names it and quotes its last answer. */
public class ContestantFailedException extends RuntimeException {
  public ContestantFailedException(String message) {
    super(message);
  }

  public ContestantFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
