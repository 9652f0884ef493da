package org.conceptclip.op;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;

/** The contract's tolerances at FP16 can be met. */
class Fp16OpsContractTest extends OpsContract {
  @Override
  protected Backend openBackend() {
    return new RoundingBackend(Precision.FP16);
  }
}
