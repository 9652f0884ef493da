package org.conceptclip.backend.cpu;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.op.OpsContract;

class CpuBf16WeightsOpsContractTest extends OpsContract {
  @Override
  protected Backend openBackend() {
    return new CpuBackend(Precision.BF16_WEIGHTS, 2);
  }
}
