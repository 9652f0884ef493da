package org.conceptclip.backend;

/**
 * There is no backend of the name that was asked for, or it cannot do what was asked of it on any machine. The message begins with
 * the part of the {@link BackendRequest} that cannot be had: {@code backend}, {@code device}, {@code precision} or {@code check-range}.
 */
public class UnsupportedRequestException extends RuntimeException {
  public UnsupportedRequestException(String message) {
    super(message);
  }
}
