package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.reference.ReferenceBackend;

class ReferenceTinyParityTest extends TinyParity {
  @Override
  Backend openBackend() {
    return new ReferenceBackend();
  }

  @Override
  Limits limits() {
    return Limits.FLOAT64;
  }
}
