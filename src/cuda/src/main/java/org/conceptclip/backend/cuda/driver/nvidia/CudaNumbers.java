package org.conceptclip.backend.cuda.driver.nvidia;

import java.util.Set;

/** Numbers of {@code cuda.h} under their names there. They are part of the driver's binary interface and never change. */
final class CudaNumbers {
  static final int CUDA_SUCCESS = 0;
  static final int CUDA_ERROR_OUT_OF_MEMORY = 2;
  static final int CUDA_ERROR_DEINITIALIZED = 4;
  static final int CUDA_ERROR_NO_DEVICE = 100;
  static final int CUDA_ERROR_ECC_UNCORRECTABLE = 214;
  static final int CUDA_ERROR_NVLINK_UNCORRECTABLE = 220;
  static final int CUDA_ERROR_CONTAINED = 226;
  static final int CUDA_ERROR_ILLEGAL_ADDRESS = 700;
  static final int CUDA_ERROR_LAUNCH_TIMEOUT = 702;
  static final int CUDA_ERROR_CONTEXT_IS_DESTROYED = 709;
  static final int CUDA_ERROR_ASSERT = 710;
  static final int CUDA_ERROR_HARDWARE_STACK_ERROR = 714;
  static final int CUDA_ERROR_ILLEGAL_INSTRUCTION = 715;
  static final int CUDA_ERROR_MISALIGNED_ADDRESS = 716;
  static final int CUDA_ERROR_INVALID_ADDRESS_SPACE = 717;
  static final int CUDA_ERROR_INVALID_PC = 718;
  static final int CUDA_ERROR_LAUNCH_FAILED = 719;
  static final int CUDA_ERROR_MPS_CLIENT_TERMINATED = 810;
  static final int CUDA_ERROR_EXTERNAL_DEVICE = 911;
  static final int CUDA_ERROR_UNKNOWN = 999;

  /** Statuses for which cuda.h says that further work returns the same error, or that hardware, driver or context are gone. */
  static final Set<Integer> LOST = Set.of(
      CUDA_ERROR_DEINITIALIZED, CUDA_ERROR_ECC_UNCORRECTABLE, CUDA_ERROR_NVLINK_UNCORRECTABLE, CUDA_ERROR_CONTAINED,
      CUDA_ERROR_ILLEGAL_ADDRESS, CUDA_ERROR_LAUNCH_TIMEOUT, CUDA_ERROR_CONTEXT_IS_DESTROYED,
      CUDA_ERROR_ASSERT, CUDA_ERROR_HARDWARE_STACK_ERROR, CUDA_ERROR_ILLEGAL_INSTRUCTION, CUDA_ERROR_MISALIGNED_ADDRESS,
      CUDA_ERROR_INVALID_ADDRESS_SPACE, CUDA_ERROR_INVALID_PC, CUDA_ERROR_LAUNCH_FAILED, CUDA_ERROR_MPS_CLIENT_TERMINATED,
      CUDA_ERROR_EXTERNAL_DEVICE, CUDA_ERROR_UNKNOWN);

  static final int CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16;
  static final int CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75;
  static final int CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76;
  static final int CU_EVENT_DEFAULT = 0;
  static final int CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;
  static final int CU_JIT_ERROR_LOG_BUFFER = 5;
  static final int CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6;
  static final int CU_MEMHOSTALLOC_PORTABLE = 1;
  static final int CU_STREAM_CAPTURE_MODE_RELAXED = 2;
  static final int CU_STREAM_NON_BLOCKING = 1;
  static final int CU_TENSOR_MAP_DATA_TYPE_FLOAT16 = 6;
  static final int CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE = 0;
  static final int CU_TENSOR_MAP_INTERLEAVE_NONE = 0;
  static final int CU_TENSOR_MAP_L2_PROMOTION_L2_128B = 2;

  private CudaNumbers() {}
}
