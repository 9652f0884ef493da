package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cpu.CpuBackend;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.condition.EnabledIf;

/** The CPU backend on the tiny golden model, in each of its precisions. */
class CpuTinyParityTest {
  @Nested
  class Fp32 extends TinyParity {
    @Override
    Backend openBackend() {
      return new CpuBackend(Precision.FP32, 2);
    }

    @Override
    Limits limits() {
      return Limits.FLOAT32_TINY;
    }
  }

  @Nested
  class Bf16Weights extends TinyParity {
    @Override
    Backend openBackend() {
      return new CpuBackend(Precision.BF16_WEIGHTS, 2);
    }

    @Override
    Limits limits() {
      return Limits.BF16_WEIGHTS_TINY;
    }
  }

  @Nested
  @EnabledIf("org.conceptclip.backend.cpu.CpuBackend#computesBf16")
  class Bf16 extends TinyParity {
    @Override
    Backend openBackend() {
      return new CpuBackend(Precision.BF16, 2);
    }

    @Override
    Limits limits() {
      return Limits.BF16_TINY;
    }
  }
}
