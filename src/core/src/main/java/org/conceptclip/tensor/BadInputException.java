package org.conceptclip.tensor;

/**
 * Something that a user handed in cannot be used: a file, a text, a tensor, an option's value.
 *
 * <p>The message is one line for that person: what and where, what was found, what was expected. The command line prints
 * it without a stack trace and ends with exit code 3.
 */
public class BadInputException extends RuntimeException {
  public BadInputException(String message) {
    super(message);
  }

  public BadInputException(String message, Throwable cause) {
    super(message, cause);
  }
}
