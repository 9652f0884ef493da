package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.reference.ReferenceBackend;

class MiniLmReferenceTest extends MiniLmParityContract {
  @Override
  Backend open() {
    return new ReferenceBackend();
  }

  /** A quarter: all 270 texts agree to 2.5e-7 as well, but take plain loops in float64 over a minute. */
  @Override
  int stride() {
    return 4;
  }
}
