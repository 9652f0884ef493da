package org.conceptclip.backend;

/** A call to a device failed. The message names the call, its sizes and the device's error. */
public class DeviceException extends RuntimeException {
  /** What can still be done after the failure. */
  public enum Kind {
    /** The device has too little free memory. Smaller work may still succeed. */
    MEMORY,
    /** The call failed. The device can be used further. */
    FAILED,
    /** The device is gone or a kernel faulted. It can do no more work, and everything on it has to be opened anew. */
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
