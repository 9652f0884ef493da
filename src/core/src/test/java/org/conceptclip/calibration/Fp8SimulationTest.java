package org.conceptclip.calibration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.ModelIdentity;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.calibration.Calibration.Agreement;
import org.conceptclip.calibration.Calibration.Images;
import org.conceptclip.calibration.Calibration.Product;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Float8;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The simulation multiplies exactly the numbers that codes stand for, and a measurement on it chooses what keeps the features. */
class Fp8SimulationTest {
  private static final float SCALE = 0.0625f;

  @TempDir Path folder;

  private record Identity(String fingerprint, List<String> products) implements ModelIdentity {}

  /** By the definitions alone, in float64: inputs by the scale, each row of the weights by its largest number. */
  @Test
  void aSelectedProductIsThatOfTheCodes() {
    int inputs = 37;
    float[] x = values(1, 70 * inputs, 40);
    float[] w = values(2, 3 * inputs, 0.2f);
    float[] b = {0.5f, -1, 2};
    try (ReferenceBackend reference = new ReferenceBackend(); Fp8Simulation simulation = Fp8Simulation.of(reference)) {
      simulation.requireModel(new Identity("", List.of("w")));
      try (WeightStore store = simulation.openWeightStore()) {
        LinearWeights weights = store.linear("w", HostTensor.of(w, 3, inputs), HostTensor.of(b, 3));
        LinearWeights other = store.linear("other", HostTensor.of(w, 3, inputs), HostTensor.of(b, 3));
        double[] exact = product(simulation, x, inputs, weights);
        for (int i = 0; i < exact.length; i++) {
          assertEquals(sum(x, w, i / 3, i % 3, inputs, 1, 0) + b[i % 3], exact[i], 1e-12 * Math.max(1, Math.abs(exact[i])));
        }
        simulation.select(Map.of("w", SCALE));
        double[] rounded = product(simulation, x, inputs, weights);
        for (int i = 0; i < rounded.length; i++) {
          assertEquals(sum(x, w, i / 3, i % 3, inputs, SCALE, largest(w, i % 3, inputs) / 448) + b[i % 3], rounded[i],
              1e-12 * Math.max(1, Math.abs(rounded[i])));
          assertNotEquals(exact[i], rounded[i]);
        }
        assertArrayEquals(exact, product(simulation, x, inputs, other), "a product that is none");
      }
    }
  }

  private static double[] product(Fp8Simulation simulation, float[] x, int inputs, LinearWeights weights) {
    try (Execution execution = simulation.openExecution(); Arena arena = Arena.ofConfined()) {
      Workspace workspace = execution.workspace();
      Tensor input = workspace.buffer("x", workspace.activationType(), x.length / inputs, inputs);
      workspace.upload(HostTensor.of(x, x.length / inputs, inputs), input);
      Tensor out = workspace.buffer("out", workspace.activationType(), x.length / inputs, 3);
      execution.ops().linear(input, weights, Epilogue.NONE, out);
      assertArrayEquals(x, workspace.download(input, arena).toFloatArray(), "the input was changed");
      return workspace.download(out, arena).toDoubleArray();
    }
  }

  /** @param weightScale 0 for exact numbers */
  private static double sum(float[] x, float[] w, int row, int output, int inputs, float scale, float weightScale) {
    double sum = 0;
    for (int i = 0; i < inputs; i++) {
      float input = x[row * inputs + i];
      float weight = w[output * inputs + i];
      sum += weightScale == 0 ? (double) input * weight
          : (double) (coded(input / scale) * scale) * (coded(weight / weightScale) * weightScale);
    }
    return sum;
  }

  private static float coded(float value) {
    return Float8.e4m3ToFloat(Float8.floatToE4m3(value));
  }

  private static float largest(float[] w, int row, int columns) {
    float largest = 0;
    for (int i = row * columns; i < (row + 1) * columns; i++) {
      largest = Math.max(largest, Math.abs(w[i]));
    }
    return largest;
  }

  private static float[] values(int seed, int count, float size) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian() * size;
    }
    return values;
  }

  /** The towers' products go through the simulation, each by its name: with one selected, features change, and with none they are exact. */
  @Test
  void everyProductOfTheModelIsSimulated() {
    try (OpenModel model = OpenModel.open("synthetic:tiny");
        ReferenceBackend reference = new ReferenceBackend();
        Fp8Simulation simulation = Fp8Simulation.of(reference);
        Encoder plain = model.load(reference);
        Encoder simulated = model.load(simulation)) {
      List<HostTensor> images = NoiseImages.of(1, model.config().vision().geometry().imageSize());
      FeatureSet exact = FeatureSet.of(plain, images, count -> { });
      assertEquals(1, FeatureSet.of(simulated, images, count -> { }).agreement(exact).lowest(), 1e-15);
      Set<Double> losses = new TreeSet<>();
      for (String product : ModelLayout.products(model.config())) {
        simulation.select(Map.of(product, 0.03125f));
        losses.add(FeatureSet.of(simulated, images, count -> { }).loss(exact));
      }
      assertEquals(ModelLayout.products(model.config()).size(), losses.size());
      assertTrue(losses.stream().allMatch(loss -> loss > 1e-7 && loss < 1e-3), losses.toString());
    }
  }

  @Test
  void aCalibrationIsReproducedByItsSimulationAndKeepsTheFeatures() {
    try (OpenModel model = OpenModel.open("synthetic:tiny"); ReferenceBackend reference = new ReferenceBackend()) {
      List<HostTensor> images = NoiseImages.of(4, model.config().vision().geometry().imageSize());
      Calibration calibration = Calibrator.measure(model, reference, images, true, (done, all) -> assertTrue(done <= all), line -> { });
      assertTrue(calibration.recommended(), calibration.verdict());
      assertTrue(calibration.fp8Products() < calibration.products().size(), "no product stayed in float16: " + calibration.everything());
      assertTrue(calibration.chosen().lowest() > calibration.everything().lowest(), calibration.toString());
      assertEquals(model.fingerprint(), calibration.fingerprint());
      assertEquals(ModelLayout.products(model.config()), List.copyOf(calibration.products().keySet()));
      List<HostTensor> heldOut = List.of(images.get(1), images.get(3));
      try (Fp8Simulation simulation = Fp8Simulation.of(reference, calibration);
          Encoder plain = model.load(reference);
          Encoder simulated = model.load(simulation)) {
        FeatureSet exact = FeatureSet.of(plain, heldOut, count -> { });
        assertEquals(calibration.chosen(), FeatureSet.of(simulated, heldOut, count -> { }).agreement(exact));
      }
    }
  }

  @Test
  void aFingerprintIsThatOfTheNumbersWhereverTheyAreStored() throws IOException {
    Path converted = folder.resolve("bf16");
    try (OpenModel generated = OpenModel.open("synthetic:tiny");
        OpenModel stored = OpenModel.open("src/core/src/test/resources/golden/tiny")) {
      assertEquals(generated.fingerprint(), stored.fingerprint());
      generated.write(converted, DType.BF16, false, done -> { });
      Calibration calibration = new Calibration("c.json", "tiny", stored.fingerprint(), new Images(2, 1, true), new Agreement(1, 1),
          new Agreement(1, 1), products(stored));
      try (OpenModel other = OpenModel.open(converted.toString());
          ReferenceBackend reference = new ReferenceBackend();
          Fp8Simulation simulation = Fp8Simulation.of(reference, calibration)) {
        String message = assertThrows(BadInputException.class, () -> other.load(simulation)).getMessage();
        assertTrue(message.startsWith("c.json: is of another checkpoint"), message);
        stored.load(simulation).close();
      }
    }
  }

  private static SequencedMap<String, Product> products(OpenModel model) {
    SequencedMap<String, Product> products = new LinkedHashMap<>();
    ModelLayout.products(model.config()).forEach(name -> products.put(name, new Product(1, 1, 1, 10, 0, true, true)));
    return products;
  }

  /** Losses that add up, as the choice supposes: it must leave out the products that cost most for their work, and no more than needed. */
  @Test
  void theChoiceLeavesOutWhatCostsMost() {
    Map<String, Double> losses = new HashMap<>();
    for (int i = 0; i < 20; i++) {
      losses.put("p" + (char) ('a' + i), i < 3 ? 4e-4 : 1e-5);
    }
    Choice choice = new Choice(losses, product -> 1, cosine(losses, losses.keySet()));
    choice.reach(0.9992, some -> cosine(losses, some));
    assertEquals(Set.of("pa", "pb"), without(losses, choice));
    choice.reduceLossTo(0.5, some -> cosine(losses, some));
    assertEquals(Set.of("pa", "pb", "pc"), without(losses, choice));
    choice.reach(0.99999, some -> 0);
    assertTrue(choice.isLast());
    assertEquals(10, choice.chosen().size());
  }

  /** Losses that are twice what was predicted, and half of it: the search still ends at the least number that suffices. */
  @Test
  void theChoiceTrustsMeasurementsMoreThanPredictions() {
    Map<String, Double> losses = new HashMap<>();
    for (int i = 0; i < 40; i++) {
      losses.put("p" + i, 1e-4 / (1 + i));
    }
    for (double factor : new double[] {0.5, 1, 2, 3}) {
      ToDoubleFunction<Set<String>> measure = some -> 1 - factor * (1 - cosine(losses, some));
      double target = measure.applyAsDouble(losses.keySet()) + factor * 2e-4;
      Choice choice = new Choice(losses, product -> 1, measure.applyAsDouble(losses.keySet()));
      choice.reach(target, measure);
      assertTrue(measure.applyAsDouble(choice.chosen()) >= target, "factor " + factor);
      assertEquals(Set.of("p0", "p1", "p2", "p3"), without(losses, choice), "factor " + factor); // 1 + 1/2 + 1/3 + 1/4 > 2
    }
  }

  private static double cosine(Map<String, Double> losses, Set<String> some) {
    return 1 - some.stream().mapToDouble(losses::get).sum();
  }

  private static Set<String> without(Map<String, Double> losses, Choice choice) {
    Set<String> out = new TreeSet<>(losses.keySet());
    out.removeAll(choice.chosen());
    return out;
  }
}
