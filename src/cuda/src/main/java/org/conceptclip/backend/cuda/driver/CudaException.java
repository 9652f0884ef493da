package org.conceptclip.backend.cuda.driver;

import org.conceptclip.backend.DeviceException;

/** A call to the CUDA driver or to cuBLASLt did not succeed. */
public final class CudaException extends DeviceException {
  private final String call;
  private final String status;

  /**
   * @param call the function that failed
   * @param status the name of what it returned
   * @param details sizes and names that the call was made with
   */
  public CudaException(Kind kind, String call, String status, String details) {
    this(kind, call, status, details, null);
  }

  /** The same, with a cause. */
  public CudaException(Kind kind, String call, String status, String details, Throwable causeOrNull) {
    super(kind, call + ": " + status + (details.isEmpty() ? "" : " (" + details + ")"), causeOrNull);
    this.call = call;
    this.status = status;
  }

  public String call() {
    return call;
  }

  public String status() {
    return status;
  }
}
