package org.conceptclip.backend.cuda;

import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;

/** Faults on an emulated Hopper whose products are all our own: tensor maps and launches in place of a library's calls. */
@OnEmulator
class CudaOwnProductsFaultsTest extends CudaFaults {
  /** Prime, so that the calls of all kinds come by. */
  private static final int STRIDE = 11;

  @Override
  CudaDriver device() {
    return SmallModel.device(EmulatedDevice.ofCapability(90));
  }

  @Override
  CudaOptions options() {
    return CudaOptions.defaults().withGemm(Gemm.OWN);
  }

  @Override
  int stride() {
    return STRIDE;
  }
}
