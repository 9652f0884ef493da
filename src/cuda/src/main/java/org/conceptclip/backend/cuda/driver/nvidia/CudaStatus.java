package org.conceptclip.backend.cuda.driver.nvidia;

import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.DeviceHealth;

/** Turns what the CUDA driver API returns into exceptions, and remembers that a device was lost. Thread-safe. */
final class CudaStatus {
  /** Longer than any name of a status, by far. */
  private static final long NAME_BYTES = 256;

  final DeviceHealth health = new DeviceHealth();
  private final DriverApi api;

  CudaStatus(DriverApi api) {
    this.api = api;
  }

  void check(String call, int status) {
    check(call, status, () -> "");
  }

  /**
   * Throws unless the status is success.
   *
   * @param details sizes and names for the message
   */
  void check(String call, int status, Supplier<String> details) {
    if (status != CudaNumbers.CUDA_SUCCESS) {
      throw failure(call, status, details.get());
    }
  }

  /** The failure that a status other than success tells of, noted and to be thrown. */
  CudaException failure(String call, int status, String details) {
    return health.note(new CudaException(kind(status), call, name(api, status), details));
  }

  /** {@link #check} for calls that release something: after a loss, which has been reported, there is nothing left to release. */
  void checkRelease(String call, int status) {
    if (!health.lost()) {
      check(call, status);
    }
  }

  /** Throws if the device is lost, by asking the driver for something harmless. The context must be current. */
  void checkAlive(Supplier<String> details) {
    long results = CallMemory.results();
    check("cuMemGetInfo", api.cuMemGetInfo(results, results + Long.BYTES), details);
  }

  static Kind kind(int status) {
    if (status == CudaNumbers.CUDA_ERROR_OUT_OF_MEMORY) {
      return Kind.MEMORY;
    }
    return CudaNumbers.LOST.contains(status) ? Kind.LOST : Kind.FAILED;
  }

  /** {@code CUDA_ERROR_...}, or the number of a status that this driver does not know. */
  static String name(DriverApi api, int status) {
    boolean known = api.cuGetErrorName(status, CallMemory.results()) == CudaNumbers.CUDA_SUCCESS && CallMemory.result() != 0;
    return known ? MemorySegment.ofAddress(CallMemory.result()).reinterpret(NAME_BYTES).getString(0) : "CUDA status " + status;
  }
}
