package org.conceptclip.op;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;

/** The contract's tolerances at BF16 can be met. */
class Bf16OpsContractTest extends OpsContract {
  @Override
  protected Backend openBackend() {
    return new RoundingBackend(Precision.BF16);
  }
}
