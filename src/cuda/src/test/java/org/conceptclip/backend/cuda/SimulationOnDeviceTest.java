package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.ModelIdentity;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.calibration.Fp8Simulation;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** The simulation of fp8 in front of a device rounds what the device holds: calibrations can be measured there. */
@OnEmulator
class SimulationOnDeviceTest {
  private static final int ROWS = 70;
  private static final int INPUTS = 40;
  private static final int OUTPUTS = 24;
  private static final float SCALE = 0.25f;

  private record Identity(String fingerprint, List<String> products) implements ModelIdentity {}

  private final HostTensor x = values(1, ROWS, INPUTS, 10);
  private final HostTensor w = values(2, OUTPUTS, INPUTS, 0.1f);
  private final HostTensor b = values(3, 1, OUTPUTS, 1).reshape(OUTPUTS);

  @Test
  void aProductOnTheDeviceReadsTheRoundedNumbers() {
    double[] exact;
    double[] expected;
    try (ReferenceBackend reference = new ReferenceBackend()) {
      exact = product(reference, Map.of());
      expected = product(reference, Map.of("w", SCALE));
    }
    double[] actual;
    try (Backend device = new EmulatedProvider().open(BackendRequest.DEFAULT)) {
      actual = product(device, Map.of("w", SCALE));
    }
    double changed = 0;
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], tolerance(i / OUTPUTS, i % OUTPUTS, expected[i]), "element " + i);
      changed = Math.max(changed, Math.abs(exact[i] - expected[i]) / tolerance(i / OUTPUTS, i % OUTPUTS, expected[i]));
    }
    assertTrue(changed > 4, "the limit would not notice a product that is not rounded: " + changed);
  }

  /** Codes times a power of two are float16 numbers; each weight and the result are rounded to float16 once, and sums are float32. */
  private double tolerance(int row, int output, double result) {
    double terms = 0;
    for (int i = 0; i < INPUTS; i++) {
      terms += Math.abs(x.getDouble((long) row * INPUTS + i) * w.getDouble((long) output * INPUTS + i));
    }
    return 1.1 * (terms * 0x1p-11 + Math.abs(b.getDouble(output)) * 0x1p-11 + Math.abs(result) * 0x1p-11) + 1e-5;
  }

  private double[] product(Backend backend, Map<String, Float> selected) {
    try (Fp8Simulation simulation = Fp8Simulation.of(backend)) {
      simulation.requireModel(new Identity("", List.of("w")));
      simulation.select(selected);
      try (WeightStore store = simulation.openWeightStore(); Execution execution = simulation.openExecution();
          Arena arena = Arena.ofConfined()) {
        LinearWeights weights = store.linear("w", w, b);
        Workspace workspace = execution.workspace();
        Tensor input = workspace.buffer("x", workspace.activationType(), ROWS, INPUTS);
        workspace.upload(x, input);
        Tensor out = workspace.buffer("out", workspace.activationType(), ROWS, OUTPUTS);
        execution.ops().linear(input, weights, Epilogue.NONE, out);
        return workspace.download(out, arena).toDoubleArray();
      }
    }
  }

  /** Numbers that float16 holds, so that the device gets the inputs of the reference. */
  private static HostTensor values(int seed, int rows, int columns, float size) {
    Random random = new Random(seed);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.float16ToFloat(Float.floatToFloat16((float) random.nextGaussian() * size));
    }
    return HostTensor.of(values, rows, columns);
  }
}
