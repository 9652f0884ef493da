package org.conceptclip.op;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.CudaBackend;
import org.conceptclip.backend.cuda.CudaOptions;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.tensor.DType;
import org.junit.jupiter.api.Nested;

/** The CUDA backend and its kernels meet the contract, as far as an emulated device can tell. */
@OnEmulator
class CudaEmulatedOpsContractTest {
  private static Backend backend(int capability, DType residual) {
    EmulatedCudaDriver driver =
        EmulatedCudaDriver.open(EmulatedDevice.ofCapability(capability), System.err::println);
    return new CudaBackend("emulated", driver, new CudaOptions(residual, false));
  }

  @Nested
  class Capability80 extends OpsContract {
    @Override
    protected Backend openBackend() {
      return backend(80, DType.F32);
    }

    @Override
    protected ProductSums productSums() {
      return ProductSums.ofCapability(80);
    }
  }

  /** Hopper has attention kernels of its own. */
  @Nested
  class Capability90WithHalfResidual extends OpsContract {
    @Override
    protected Backend openBackend() {
      return backend(90, DType.F16);
    }

    @Override
    protected ProductSums productSums() {
      return ProductSums.ofCapability(90);
    }
  }
}
