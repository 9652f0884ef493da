package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cublas.*;

import java.util.function.Supplier;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;

/**
 * Turns what cuBLASLt returns into exceptions. Thread-safe; the context must be current.
 *
 * @param cuda of the driver, which knows whether the device is lost
 */
record CublasStatus(CudaStatus cuda) {
  void check(String call, int status) {
    check(call, status, () -> "");
  }

  /**
   * Throws unless a status is success.
   *
   * @param details sizes and names for the message
   */
  void check(String call, int status, Supplier<String> details) {
    if (status == CUBLAS_STATUS_SUCCESS) {
      return;
    }
    String name = cublasLtGetStatusName(status).getString();
    if (status == CUBLAS_STATUS_ALLOC_FAILED) {
      throw new CudaException(Kind.MEMORY, call, name, details.get());
    }
    // cuBLAS reports a lost device as EXECUTION_FAILED or INTERNAL_ERROR. Any call of the driver tells the difference.
    cuda.checkAlive(() -> "after " + call + ": " + name);
    throw new CudaException(Kind.FAILED, call, name, details.get());
  }

  /** {@link #check} for calls that release something: on a lost device there is nothing left to release. */
  void release(String call, int status) {
    if (!cuda.health.lost()) {
      check(call, status);
    }
  }
}
