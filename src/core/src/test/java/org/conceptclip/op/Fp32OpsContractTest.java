package org.conceptclip.op;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;

/** The contract's tolerances at FP32 can be met. */
class Fp32OpsContractTest extends OpsContract {
  @Override
  protected Backend openBackend() {
    return new RoundingBackend(Precision.FP32);
  }
}
