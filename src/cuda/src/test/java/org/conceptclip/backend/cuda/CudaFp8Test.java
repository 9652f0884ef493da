package org.conceptclip.backend.cuda;

import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;

/** fp8 on an emulated Hopper. */
@OnEmulator
class CudaFp8Test extends CudaFp8Cases {
  @Override
  CudaDriver device() {
    return SmallModel.device(EmulatedDevice.ofCapability(90));
  }
}
