package org.conceptclip.backend;

/** A backend that was asked for cannot start here; the message names the library or device that is missing. */
public class BackendUnavailableException extends RuntimeException {
  public BackendUnavailableException(String message) {
    super(message);
  }

  public BackendUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
