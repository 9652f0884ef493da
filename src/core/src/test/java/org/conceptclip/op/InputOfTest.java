package org.conceptclip.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Optional;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Float8;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** The buffer of a product's input has the type that the product reads, and an op that writes into it rounds to that type. */
class InputOfTest {
  private record Reader(String name, int inputs, int outputs, boolean hasBias, Optional<Float> inputScale) implements LinearWeights {}

  @Test
  void aNormWritesCodesForAProductThatReadsThem() {
    float scale = 0.125f;
    double[][] values = Values.normal(90, 7, 33, 3);
    values[2][5] = 4000; // normalised, it is beyond 448 * scale only in the row's own terms: no other number of this row survives
    try (ReferenceBackend backend = new ReferenceBackend();
        WeightStore store = backend.openWeightStore();
        Execution execution = backend.openExecution();
        Arena arena = Arena.ofConfined()) {
      NormWeights norm = store.layerNorm("norm", ones(33), HostTensor.of(new float[33], 33), 1e-6);
      Workspace workspace = execution.workspace();
      Tensor x = workspace.buffer("x", workspace.residualType(), 7, 33);
      workspace.upload(Bench.host(values), x);
      Tensor codes = workspace.inputOf(new Reader("reads codes", 33, 4, false, Optional.of(scale)), "codes", 7);
      Tensor plain = workspace.inputOf(new Reader("reads activations", 33, 4, false, Optional.empty()), "plain", 7);
      assertEquals(DType.F8_E4M3, codes.dtype());
      assertEquals(scale, codes.scale());
      assertEquals(workspace.activationType(), plain.dtype());
      execution.ops().layerNorm(x, norm, codes);
      execution.ops().layerNorm(x, norm, plain);
      HostTensor rounded = workspace.download(codes, arena);
      HostTensor exact = workspace.download(plain, arena);
      assertEquals(DType.F32, rounded.dtype());
      for (long i = 0; i < exact.shape().elements(); i++) {
        assertEquals(Float8.roundToE4m3((float) exact.getDouble(i) / scale) * scale, rounded.getFloat(i), "element " + i);
      }
    }
  }

  private static HostTensor ones(int width) {
    float[] ones = new float[width];
    Arrays.fill(ones, 1);
    return HostTensor.of(ones, width);
  }
}
