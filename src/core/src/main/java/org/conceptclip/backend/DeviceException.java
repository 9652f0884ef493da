package org.conceptclip.backend;

/** A device with memory of its own failed at something. The message names the call, its sizes and the device's answer. */
public class DeviceException extends RuntimeException {
  /** What is left after the failure. */
  public enum Kind {
    /** Not enough device memory. Nothing is broken: less may still fit. */
    MEMORY,
    /** The call failed; the device goes on. */
    FAILED,
    /** The device can do no more work: it is gone, or a kernel faulted. Everything on it has to be opened anew. */
    LOST
  }

  private final Kind kind;

  public DeviceException(Kind kind, String message, Throwable causeOrNull) {
    super(message, causeOrNull);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
