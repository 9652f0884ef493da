package org.conceptclip.backend.cuda;

import org.conceptclip.backend.cuda.driver.CudaDriver;

/** Planted faults on a real device, which has to give everything back after each. */
@OnGpu
class CudaGpuFaultsTest extends CudaFaults {
  @Override
  CudaDriver device() {
    return GpuUnderTest.openDriver();
  }

  /** Each fault opens a device anew: a prime, so that calls of every sort are hit in less time. */
  @Override
  int stride() {
    return 13;
  }
}
