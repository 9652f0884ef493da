package org.conceptclip.backend.reference;

import org.conceptclip.backend.Backend;
import org.conceptclip.op.OpsContract;

class ReferenceOpsContractTest extends OpsContract {
  @Override
  protected Backend openBackend() {
    return new ReferenceBackend();
  }
}
