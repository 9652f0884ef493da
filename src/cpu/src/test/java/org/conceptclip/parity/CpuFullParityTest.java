package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cpu.CpuBackend;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.condition.EnabledIf;

/** The CPU backend on the full-size model, in each of its precisions. */
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

  @Nested
  class Bf16Weights extends FullParity {
    @Override
    Backend openBackend() {
      return new CpuBackend(Precision.BF16_WEIGHTS, 2);
    }

    @Override
    Limits limits() {
      return Limits.BF16_WEIGHTS_FULL;
    }
  }

  @Nested
  @EnabledIf("org.conceptclip.backend.cpu.CpuBackend#computesBf16")
  class Bf16 extends FullParity {
    @Override
    Backend openBackend() {
      return new CpuBackend(Precision.BF16, 2);
    }

    @Override
    Limits limits() {
      return Limits.BF16_FULL;
    }
  }
}
