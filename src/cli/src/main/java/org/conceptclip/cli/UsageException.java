package org.conceptclip.cli;

/** Contradicting options, or a value outside the range of its option. Ends with exit code 2. */
public class UsageException extends RuntimeException {
  public UsageException(String message) {
    super(message);
  }
}
