package org.conceptclip.backend;

/**
 * There is no backend of the requested name, or it cannot fulfil the request on any machine. The message begins with the part of the
 * {@link BackendRequest} that is not supported: {@code backend}, {@code device}, {@code precision}, {@code check-range} or the name of
 * an option.
 */
public class UnsupportedRequestException extends RuntimeException {
  public UnsupportedRequestException(String message) {
    super(message);
  }
}
