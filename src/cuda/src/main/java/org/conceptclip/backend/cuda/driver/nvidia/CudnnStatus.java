package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cudnn.*;

import java.util.Set;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;

/**
 * Turns what cuDNN returns into exceptions. Thread-safe; the context must be current.
 *
 * @param cuda of the driver, which knows whether the device is lost
 */
record CudnnStatus(CudaStatus cuda) {
  private static final Set<Integer> MEMORY = Set.of(
      CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED);

  void check(String call, int status) {
    check(call, status, () -> "");
  }

  /**
   * Throws unless a status is success.
   *
   * @param details names and sizes for the message
   */
  void check(String call, int status, Supplier<String> details) {
    if (status == CUDNN_STATUS_SUCCESS) {
      return;
    }
    String name = name(status);
    if (MEMORY.contains(status)) {
      throw new CudaException(Kind.MEMORY, call, name, details.get());
    }
    // cuDNN reports a lost device as a failed execution. Any call of the driver tells the difference.
    cuda.checkAlive(() -> "after " + call + ": " + name);
    throw new CudaException(Kind.FAILED, call, name, details.get());
  }

  /** {@link #check} for calls that release something: on a lost device there is nothing left to release. */
  void release(String call, int status) {
    if (!cuda.health.lost()) {
      check(call, status);
    }
  }

  private static String name(int status) {
    try (BytePointer name = cudnnGetErrorString(status)) {
      return name == null || name.isNull() ? "cuDNN status " + status : name.getString();
    }
  }
}
