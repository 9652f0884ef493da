package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cpu.CpuBackend;

class MiniLmCpuTest extends MiniLmParityContract {
  @Override
  Backend open() {
    return new CpuBackend(Precision.FP32, 2);
  }
}
