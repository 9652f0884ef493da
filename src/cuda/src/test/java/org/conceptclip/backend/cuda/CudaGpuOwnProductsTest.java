package org.conceptclip.backend.cuda;

import org.conceptclip.backend.Backend;
import org.conceptclip.op.ProductContract;
import org.conceptclip.op.ProductSums;

/** The part of the op contract that products are in, on a real device and with our own kernels for all of them. */
@OnGpu
class CudaGpuOwnProductsTest extends ProductContract {
  @Override
  protected Backend openBackend() {
    return GpuUnderTest.openBackend(CudaOptions.defaults().withGemm(Gemm.OWN));
  }

  @Override
  protected ProductSums productSums() {
    return ProductSums.ofCapability(GpuUnderTest.capability());
  }
}
