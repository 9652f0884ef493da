package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.cuda.GpuUnderTest;
import org.conceptclip.backend.cuda.OnGpu;

/** The full-size model on a real device. */
@OnGpu
class CudaGpuFullParityTest extends FullParity {
  @Override
  Backend openBackend() {
    return GpuUnderTest.openBackend();
  }

  @Override
  Limits limits() {
    return Limits.FP16_FULL;
  }
}
