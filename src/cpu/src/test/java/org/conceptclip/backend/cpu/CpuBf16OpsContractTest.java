package org.conceptclip.backend.cpu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.op.OpsContract;

class CpuBf16OpsContractTest extends OpsContract {
  @Override
  protected Backend openBackend() {
    assumeTrue(CpuBackend.computesBf16(), "this CPU has no bf16 arithmetic");
    return new CpuBackend(Precision.BF16, 2);
  }
}
