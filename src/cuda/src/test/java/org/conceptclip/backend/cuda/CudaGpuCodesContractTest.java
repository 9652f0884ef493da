package org.conceptclip.backend.cuda;

import java.util.Optional;
import org.conceptclip.backend.Backend;
import org.conceptclip.op.CodesContract;

/** The op contract of codes of F8_E4M3 on a real Hopper. */
@OnGpu
class CudaGpuCodesContractTest extends CodesContract {
  @Override
  protected Backend openBackend() {
    GpuUnderTest.assumeHopper();
    return GpuUnderTest.openBackend(CudaOptions.defaults().withCalibration(Optional.of(calibration())));
  }
}
