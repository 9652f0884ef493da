package org.conceptclip.parity;

import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Precision;
import org.conceptclip.tensor.DType;
import org.junit.jupiter.api.Nested;

/** The float16 limits can be met, at every intermediate as well, whatever the residual stream is stored in. */
class SimulatedTinyParityTest {
  @Nested
  class Float32Residual extends Fp16 {
    Float32Residual() {
      super(DType.F32);
    }
  }

  @Nested
  class Float16Residual extends Fp16 {
    Float16Residual() {
      super(DType.F16);
    }
  }

  private abstract static class Fp16 extends TinyParity {
    private final DType residual;

    Fp16(DType residual) {
      this.residual = residual;
    }

    @Override
    Backend openBackend() {
      return new NarrowSimulation(Precision.FP16, residual);
    }

    @Override
    Limits limits() {
      return Limits.FP16_TINY;
    }
  }
}
