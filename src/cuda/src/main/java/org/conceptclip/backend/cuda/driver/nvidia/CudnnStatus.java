package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cudnn.*;

import org.bytedeco.javacpp.BytePointer;

/** What cuDNN returns. */
final class CudnnStatus extends LibraryStatus {
  CudnnStatus(CudaStatus cuda) {
    super(cuda);
  }

  @Override
  boolean isSuccess(int status) {
    return status == CUDNN_STATUS_SUCCESS;
  }

  @Override
  boolean isMemory(int status) {
    return status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
        || status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
  }

  @Override
  String name(int status) {
    try (BytePointer name = cudnnGetErrorString(status)) {
      return name == null || name.isNull() ? "cuDNN status " + status : name.getString();
    }
  }
}
