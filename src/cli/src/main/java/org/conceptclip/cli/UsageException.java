package org.conceptclip.cli;

/** Options that do not go together, or an option's value out of its range. Ends with exit code 2. */
public class UsageException extends RuntimeException {
  public UsageException(String message) {
    super(message);
  }
}
