package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cublas.*;
import static org.bytedeco.cuda.global.cudart.*;

import java.util.Set;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.DeviceHealth;

/** Turns what the CUDA driver API and cuBLASLt return into exceptions. */
final class CudaStatus {
  /** Statuses for which cuda.h says that further work returns the same error, or that hardware, driver or context are gone. */
  private static final Set<Integer> LOST = Set.of(
      CUDA_ERROR_DEINITIALIZED, CUDA_ERROR_ECC_UNCORRECTABLE, CUDA_ERROR_NVLINK_UNCORRECTABLE, CUDA_ERROR_CONTAINED,
      CUDA_ERROR_ILLEGAL_ADDRESS, CUDA_ERROR_LAUNCH_TIMEOUT, CUDA_ERROR_CONTEXT_IS_DESTROYED,
      CUDA_ERROR_ASSERT, CUDA_ERROR_HARDWARE_STACK_ERROR, CUDA_ERROR_ILLEGAL_INSTRUCTION, CUDA_ERROR_MISALIGNED_ADDRESS,
      CUDA_ERROR_INVALID_ADDRESS_SPACE, CUDA_ERROR_INVALID_PC, CUDA_ERROR_LAUNCH_FAILED, CUDA_ERROR_MPS_CLIENT_TERMINATED,
      CUDA_ERROR_EXTERNAL_DEVICE, CUDA_ERROR_UNKNOWN);

  final DeviceHealth health = new DeviceHealth();

  void check(String call, int status) {
    check(call, status, () -> "");
  }

  /**
   * Throws unless the status is success.
   *
   * @param details sizes and names for the message
   */
  void check(String call, int status, Supplier<String> details) {
    if (status != CUDA_SUCCESS) {
      throw health.note(new CudaException(kind(status), call, name(status), details.get()));
    }
  }

  /** {@link #check} for calls that release something: after a loss, which has been reported, there is nothing left to release. */
  void checkRelease(String call, int status) {
    if (!health.lost()) {
      check(call, status);
    }
  }

  void checkCublas(String call, int status) {
    checkCublas(call, status, () -> "");
  }

  /** Throws unless a status of cuBLASLt is success. The context must be current. */
  void checkCublas(String call, int status, Supplier<String> details) {
    if (status == CUBLAS_STATUS_SUCCESS) {
      return;
    }
    String name = cublasLtGetStatusName(status).getString();
    if (status == CUBLAS_STATUS_ALLOC_FAILED) {
      throw new CudaException(Kind.MEMORY, call, name, details.get());
    }
    // cuBLAS reports a lost device as EXECUTION_FAILED or INTERNAL_ERROR. Any call of the driver tells the difference.
    try (SizeTPointer free = new SizeTPointer(1); SizeTPointer total = new SizeTPointer(1)) {
      check("cuMemGetInfo", cuMemGetInfo(free, total), () -> "after " + call + ": " + name);
    }
    throw new CudaException(Kind.FAILED, call, name, details.get());
  }

  /** {@link #checkRelease} for cuBLASLt. */
  void releaseCublas(String call, int status) {
    if (!health.lost()) {
      checkCublas(call, status);
    }
  }

  static Kind kind(int status) {
    if (status == CUDA_ERROR_OUT_OF_MEMORY) {
      return Kind.MEMORY;
    }
    return LOST.contains(status) ? Kind.LOST : Kind.FAILED;
  }

  /** {@code CUDA_ERROR_...}, or the number of a status that this driver does not know. */
  static String name(int status) {
    try (BytePointer name = new BytePointer()) {
      return cuGetErrorName(status, name) == CUDA_SUCCESS && !name.isNull() ? name.getString() : "CUDA status " + status;
    }
  }
}
