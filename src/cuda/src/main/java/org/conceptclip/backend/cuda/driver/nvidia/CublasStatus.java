package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_ALLOC_FAILED;
import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_SUCCESS;
import static org.bytedeco.cuda.global.cublas.cublasLtGetStatusName;
import static org.bytedeco.cuda.global.cudart.cuMemGetInfo;

import java.util.function.Supplier;
import org.bytedeco.javacpp.SizeTPointer;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;

/** What cuBLASLt returns, as exceptions. */
final class CublasStatus {
  private final CudaStatus cuda;

  CublasStatus(CudaStatus cuda) {
    this.cuda = cuda;
  }

  void check(String call, int status) {
    check(call, status, () -> "");
  }

  /** Throws unless the status is success. The context must be current. */
  void check(String call, int status, Supplier<String> details) {
    if (status == CUBLAS_STATUS_SUCCESS) {
      return;
    }
    if (status == CUBLAS_STATUS_ALLOC_FAILED) {
      throw new CudaException(Kind.MEMORY, call, name(status), details.get());
    }
    // cuBLAS has no word for a lost device: it calls that EXECUTION_FAILED or INTERNAL_ERROR. Any call of the driver tells.
    requireUsableContext(call, status);
    throw new CudaException(Kind.FAILED, call, name(status), details.get());
  }

  /** The same for calls that give something back, which a lost device need not do any more. */
  void checkRelease(String call, int status) {
    if (!cuda.lost()) {
      check(call, status);
    }
  }

  private void requireUsableContext(String call, int status) {
    try (SizeTPointer free = new SizeTPointer(1); SizeTPointer total = new SizeTPointer(1)) {
      cuda.check("cuMemGetInfo", cuMemGetInfo(free, total), () -> "after " + call + ": " + name(status));
    }
  }

  static String name(int status) {
    return cublasLtGetStatusName(status).getString();
  }
}
