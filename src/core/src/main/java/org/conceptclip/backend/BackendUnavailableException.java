package org.conceptclip.backend;

/** The requested backend cannot start on this machine. The message names the missing library or device. */
public class BackendUnavailableException extends RuntimeException {
  public BackendUnavailableException(String message) {
    super(message);
  }

  public BackendUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
