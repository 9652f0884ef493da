package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.cuda.GpuUnderTest;
import org.conceptclip.backend.cuda.OnGpu;
import org.conceptclip.tensor.DType;
import org.junit.jupiter.api.Nested;

/** The tiny golden model on a real device, with either type of the residual stream. */
class CudaGpuTinyParityTest {
  @Nested
  class Float32Residual extends Fp16 {
    @Override
    Backend openBackend() {
      return GpuUnderTest.openBackend(DType.F32);
    }
  }

  @Nested
  class Float16Residual extends Fp16 {
    @Override
    Backend openBackend() {
      return GpuUnderTest.openBackend(DType.F16);
    }
  }

  @OnGpu
  private abstract static class Fp16 extends TinyParity {
    @Override
    Limits limits() {
      return Limits.FP16_TINY;
    }
  }
}
