package org.conceptclip.backend.cuda;

import org.conceptclip.backend.Backend;
import org.conceptclip.op.OpsContract;
import org.conceptclip.op.ProductSums;

/** The op contract on a real device. */
@OnGpu
class CudaGpuOpsContractTest extends OpsContract {
  @Override
  protected Backend openBackend() {
    return GpuUnderTest.openBackend();
  }

  @Override
  protected ProductSums productSums() {
    return ProductSums.ofCapability(GpuUnderTest.capability());
  }
}
