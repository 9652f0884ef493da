package org.conceptclip.op;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.cuda.CudaBackend;
import org.conceptclip.backend.cuda.CudaOptions;
import org.conceptclip.backend.cuda.driver.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.EmulatedDevice;

/** The CUDA backend meets the contract with the kernels that it takes on a Hopper device, as far as an emulated one can tell. */
class CudaHopperOpsContractTest extends OpsContract {
  @Override
  protected Backend openBackend() {
    return new CudaBackend(
        "emulated", EmulatedCudaDriver.open(EmulatedDevice.ofCapability(90), System.err::println), CudaOptions.defaults());
  }
}
