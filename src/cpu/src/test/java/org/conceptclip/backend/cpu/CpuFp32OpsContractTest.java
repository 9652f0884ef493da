package org.conceptclip.backend.cpu;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.op.OpsContract;

class CpuFp32OpsContractTest extends OpsContract {
  @Override
  protected Backend openBackend() {
    return new CpuBackend(Precision.FP32, 2);
  }
}
