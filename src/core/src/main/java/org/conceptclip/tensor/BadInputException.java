package org.conceptclip.tensor;

/**
 * An input cannot be used: a file, a text, a tensor or the value of an option.
 *
 * <p>The message is one line for the user: what and where, what was found, what was expected. The command line prints it
 * without a stack trace and ends with exit code 3.
 */
public class BadInputException extends RuntimeException {
  public BadInputException(String message) {
    super(message);
  }

  public BadInputException(String message, Throwable cause) {
    super(message, cause);
  }
}
