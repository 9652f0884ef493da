package org.conceptclip.backend.cuda;

import java.util.Optional;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.weights.SyntheticWeights;

/** The calls to the device that fp8 adds: matrices of codes, their tensor maps, products, and conversions behind attention. */
@OnEmulator
class CudaFp8FaultsTest extends CudaFaults {
  @Override
  CudaDriver device() {
    return SmallModel.device(EmulatedDevice.ofCapability(90));
  }

  @Override
  CudaOptions options() {
    try (SyntheticWeights weights = new SyntheticWeights(SmallModel.CONFIG.name(), ModelLayout.of(SmallModel.CONFIG))) {
      return CudaOptions.defaults().withCalibration(Optional.of(Calibrations.of(SmallModel.CONFIG, weights, product -> 0.02)));
    }
  }

  @Override
  int stride() {
    return 23;
  }
}
