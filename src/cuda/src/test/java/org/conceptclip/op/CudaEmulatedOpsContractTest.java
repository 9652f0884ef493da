package org.conceptclip.op;

import java.util.Optional;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.CudaBackend;
import org.conceptclip.backend.cuda.CudaOptions;
import org.conceptclip.backend.cuda.Gemm;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.tensor.DType;
import org.junit.jupiter.api.Nested;

/** The CUDA backend and its kernels meet the contract, as far as an emulated device can tell. */
@OnEmulator
class CudaEmulatedOpsContractTest {
  private static Backend backend(int capability, DType residual, Gemm gemm) {
    EmulatedCudaDriver driver =
        EmulatedCudaDriver.open(EmulatedDevice.ofCapability(capability), System.err::println);
    return new CudaBackend("emulated", driver, CudaOptions.defaults().withResidualType(residual).withGemm(gemm));
  }

  @Nested
  class Capability80WithLibrary extends OpsContract {
    @Override
    protected Backend openBackend() {
      return backend(80, DType.F32, Gemm.CUBLASLT);
    }

    @Override
    protected ProductSums productSums() {
      return ProductSums.ofCapability(80);
    }
  }

  /** Hopper has attention kernels of its own. */
  @Nested
  class Capability90WithLibraryAndHalfResidual extends OpsContract {
    @Override
    protected Backend openBackend() {
      return backend(90, DType.F16, Gemm.CUBLASLT);
    }

    @Override
    protected ProductSums productSums() {
      return ProductSums.ofCapability(90);
    }
  }

  /** Products in front of a norm add to the stream inside of the product. */
  @Nested
  class Capability90WithOwnProducts extends ProductContract {
    @Override
    protected Backend openBackend() {
      return backend(90, DType.F32, Gemm.OWN);
    }

    @Override
    protected ProductSums productSums() {
      return ProductSums.ofCapability(90);
    }
  }

  @Nested
  class Capability90WithOwnSumsInFloat16 extends LinearAddNormContract {
    @Override
    protected Backend openBackend() {
      return backend(90, DType.F16, Gemm.OWN);
    }

    @Override
    protected ProductSums productSums() {
      return ProductSums.ofCapability(90);
    }
  }

  @Nested
  class Capability90WithCodes extends CodesContract {
    @Override
    protected Backend openBackend() {
      return new CudaBackend("emulated", EmulatedCudaDriver.open(EmulatedDevice.ofCapability(90), System.err::println),
          CudaOptions.defaults().withCalibration(Optional.of(calibration())));
    }
  }
}
