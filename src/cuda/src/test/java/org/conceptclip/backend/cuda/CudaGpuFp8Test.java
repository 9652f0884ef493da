package org.conceptclip.backend.cuda;

import org.conceptclip.backend.cuda.driver.CudaDriver;

/** fp8 on a real Hopper. */
@OnGpu
class CudaGpuFp8Test extends CudaFp8Cases {
  @Override
  CudaDriver device() {
    GpuUnderTest.assumeHopper();
    return GpuUnderTest.openDriver();
  }
}
