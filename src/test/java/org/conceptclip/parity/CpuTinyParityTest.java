package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cpu.CpuBackend;

class CpuTinyParityTest extends TinyParity {
  @Override
  Backend openBackend() {
    return new CpuBackend(Precision.FP32, 2);
  }

  @Override
  Limits limits() {
    return Limits.FLOAT32_TINY;
  }
}
