package org.conceptclip.op;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.cuda.CudaBackend;
import org.conceptclip.backend.cuda.CudaOptions;
import org.conceptclip.backend.cuda.driver.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.EmulatedDevice;

/** The CUDA backend and its kernels meet the contract, as far as an emulated device can tell. */
class CudaEmulatedOpsContractTest extends OpsContract {
  @Override
  protected Backend openBackend() {
    return new CudaBackend(
        "emulated", EmulatedCudaDriver.open(EmulatedDevice.ofCapability(80), System.err::println), CudaOptions.defaults());
  }
}
