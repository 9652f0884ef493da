package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cpu.CpuBackend;
import org.junit.jupiter.api.Nested;

/** The CPU backend on the full-size model in float32. */
class CpuFullParityTest {
  @Nested
  class Fp32 extends FullParity {
    @Override
    Backend openBackend() {
      return new CpuBackend(Precision.FP32, 2);
    }

    @Override
    Limits limits() {
      return Limits.FLOAT32_FULL;
    }
  }
}
