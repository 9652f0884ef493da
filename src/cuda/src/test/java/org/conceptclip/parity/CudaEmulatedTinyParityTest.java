package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.CudaBackend;
import org.conceptclip.backend.cuda.CudaOptions;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.tensor.DType;
import org.junit.jupiter.api.Nested;

/** The CUDA backend on the tiny golden model, with its kernels on emulated devices. */
@OnEmulator
class CudaEmulatedTinyParityTest {
  @Nested
  class Float32Residual extends Emulated {
    Float32Residual() {
      super(80, DType.F32);
    }
  }

  @Nested
  class Float16ResidualOnHopper extends Emulated {
    Float16ResidualOnHopper() {
      super(90, DType.F16);
    }
  }

  private abstract static class Emulated extends TinyParity {
    private final int capability;
    private final DType residual;

    Emulated(int capability, DType residual) {
      this.capability = capability;
      this.residual = residual;
    }

    @Override
    Backend openBackend() {
      EmulatedCudaDriver driver =
          EmulatedCudaDriver.open(EmulatedDevice.ofCapability(capability), System.err::println);
      return new CudaBackend("emulated", driver, CudaOptions.defaults().withResidualType(residual));
    }

    @Override
    Limits limits() {
      return Limits.FP16_TINY;
    }
  }
}
