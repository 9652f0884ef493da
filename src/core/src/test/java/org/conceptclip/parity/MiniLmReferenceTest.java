package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.reference.ReferenceBackend;

class MiniLmReferenceTest extends MiniLmParityContract {
  @Override
  Backend open() {
    return new ReferenceBackend();
  }
}
