package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cublas.*;

/** What cuBLASLt returns. */
final class CublasStatus extends LibraryStatus {
  CublasStatus(CudaStatus cuda) {
    super(cuda);
  }

  @Override
  boolean isSuccess(int status) {
    return status == CUBLAS_STATUS_SUCCESS;
  }

  @Override
  boolean isMemory(int status) {
    return status == CUBLAS_STATUS_ALLOC_FAILED;
  }

  @Override
  String name(int status) {
    return cublasLtGetStatusName(status).getString();
  }
}
