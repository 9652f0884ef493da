package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.UnsupportedRequestException;
import org.conceptclip.backend.cuda.ForwardingDriver.Call;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.calibration.Calibration;
import org.conceptclip.calibration.Calibrator;
import org.conceptclip.calibration.Fp8Simulation;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.WeightStore;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The tiny model in fp8 on a Hopper: what it computes, asks of the device and refuses. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CudaFp8Cases {
  private static final int SIZE = 61;
  private static final double LOWEST_COSINE = 0.999;

  /** Of choices that no calibration would make: the simulation's own cosine is not much higher. */
  private static final double LOWEST_OF_OTHERS = 0.997;

  private final OpenModel model = OpenModel.open("synthetic:tiny");
  private final HostTensor images = images(1, 4);
  private Calibration calibration;
  private double[][] exact;

  @BeforeAll
  void measure() {
    try (ReferenceBackend reference = new ReferenceBackend()) {
      List<HostTensor> seen = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        seen.add(images(2 + i, 1).reshape(SIZE, SIZE, 3));
      }
      calibration = Calibrator.measure(model, reference, seen, true, (done, all) -> { }, line -> { });
      try (Encoder encoder = model.load(reference)) {
        exact = features(encoder, images);
      }
    }
  }

  @AfterAll
  void close() {
    model.close();
  }

  /** A new driver of a device of compute capability 9.0. */
  abstract CudaDriver device();

  private static HostTensor images(int seed, int count) {
    byte[] pixels = new byte[count * SIZE * SIZE * 3];
    new Random(seed).nextBytes(pixels);
    return HostTensor.view(DType.U8, Shape.of(count, SIZE, SIZE, 3), MemorySegment.ofArray(pixels));
  }

  private static double[][] features(Encoder encoder, HostTensor images) {
    double[] all = encoder.encodeImages(images, Detail.FEATURES).features().toDoubleArray();
    int width = all.length / (int) images.shape().extent(0);
    double[][] rows = new double[all.length / width][];
    Arrays.setAll(rows, row -> Arrays.copyOfRange(all, row * width, (row + 1) * width));
    return rows;
  }

  /** The lowest cosine of two features of one image. */
  private static double lowestCosine(double[][] some, double[][] others) {
    double lowest = 1;
    for (int image = 0; image < some.length; image++) {
      double dot = 0;
      double a = 0;
      double b = 0;
      for (int i = 0; i < some[image].length; i++) {
        dot += some[image][i] * others[image][i];
        a += some[image][i] * some[image][i];
        b += others[image][i] * others[image][i];
      }
      lowest = Math.min(lowest, dot / Math.sqrt(a * b));
    }
    return lowest;
  }

  private static CudaBackend backend(CudaDriver driver, Calibration calibration, DType residual) {
    return new CudaBackend("test", driver, CudaOptions.defaults().withResidualType(residual).withCalibration(Optional.of(calibration)));
  }

  private CudaBackend backend(Calibration calibration) {
    return backend(device(), calibration, DType.F32);
  }

  private static double[][] features(Backend backend, OpenModel model, HostTensor images) {
    try (backend; Encoder encoder = model.load(backend)) {
      return features(encoder, images);
    }
  }

  /**
   * The device multiplies the numbers that the simulation multiplies, and else computes in float16: it may not be further from the
   * simulation than that is from the model.
   */
  private void checkFeatures(String what, Calibration scales, DType residual, double lowest) {
    double[][] found = features(backend(device(), scales, residual), model, images);
    double[][] simulated;
    try (ReferenceBackend reference = new ReferenceBackend()) {
      simulated = features(Fp8Simulation.of(reference, scales), model, images);
    }
    double fromSimulation = 1 - lowestCosine(found, simulated);
    double ofSimulation = 1 - lowestCosine(simulated, exact);
    assertTrue(fromSimulation <= ofSimulation,
        what + ": " + fromSimulation + " from the simulation, that is " + ofSimulation + " from the model");
    assertTrue(lowestCosine(found, exact) >= lowest, what + ": cosine " + lowestCosine(found, exact));
    assertTrue(fromSimulation > 0 && ofSimulation > 1e-6, what + ": nothing was computed in codes");
  }

  @Test
  void featuresAreThoseOfTheSimulation() {
    checkFeatures("as calibrated", calibration, DType.F32, LOWEST_COSINE);
    // Activations become codes behind a product, and codes activations. What the calibration left out for the sake of the cosine costs it.
    checkFeatures("fc2 alone", Calibrations.with(calibration, product -> product.contains("fc2")), DType.F32, LOWEST_COSINE);
    checkFeatures("all but fc2", Calibrations.with(calibration, product -> !product.contains("fc2")), DType.F32, LOWEST_OF_OTHERS);
    checkFeatures("all products", Calibrations.with(calibration, product -> true), DType.F16, LOWEST_OF_OTHERS);
  }

  @Test
  void featuresDoNotDependOnTheBatch() {
    try (CudaBackend backend = backend(calibration); Encoder encoder = model.load(backend)) {
      double[][] whole = features(encoder, images);
      long bytes = images.data().byteSize() / 4;
      for (int image = 0; image < 4; image++) {
        HostTensor alone = HostTensor.view(DType.U8, Shape.of(1, SIZE, SIZE, 3), images.data().asSlice(image * bytes, bytes));
        assertArrayEquals(whole[image], features(encoder, alone)[0], "image " + image);
      }
    }
  }

  @Test
  void knownImagesAreOneGraphAndAllocateNothing() {
    CountingDriver driver = new CountingDriver(device());
    try (CudaBackend backend = backend(driver, Calibrations.with(calibration, product -> !product.contains("fc1")), DType.F32);
        Encoder encoder = model.load(backend)) {
      double[][] first = features(encoder, images);
      for (int i = 0; i < 2; i++) {
        features(encoder, images);
      }
      long allocated = driver.allocatedBytes();
      driver.reset();
      assertArrayEquals(first, features(encoder, images));
      Map<Call, Long> calls = new EnumMap<>(driver.calls());
      assertEquals(1L, calls.get(Call.LAUNCH_GRAPH));
      for (Call call : new Call[] {Call.LAUNCH, Call.MATMUL, Call.ALLOCATE, Call.ALLOCATE_PINNED, Call.END_CAPTURE}) {
        assertEquals(null, calls.get(call), "calls of " + call + " in a steady pass");
      }
      assertEquals(allocated, driver.allocatedBytes());
    }
  }

  /** A product that computes in 8 bits. */
  private String inCodes() {
    return calibration.products().keySet().stream().filter(name -> calibration.inputScale(name).isPresent()).findFirst().orElseThrow();
  }

  /** Codes take the place of halves, they do not come on top of them. */
  @Test
  void weightsInCodesAreNotKeptInFloat16() {
    try (CudaBackend half = new CudaBackend("test", device(), CudaOptions.defaults());
        CudaBackend eight = backend(calibration);
        WeightStore halves = half.openWeightStore();
        WeightStore codes = eight.openWeightStore()) {
      HostTensor weight = HostTensor.allocate(Arena.ofAuto(), DType.F32, 144, 538);
      String coded = inCodes();
      halves.linear(coded, weight, null);
      codes.linear(coded, weight, null);
      assertEquals(DeviceArena.rounded(144 * 544 * 2), halves.weightBytes());
      // Rows of 538 codes at multiples of 16, up to a multiple of 32; a scale for each.
      assertEquals(DeviceArena.rounded(160 * 544) + DeviceArena.rounded(160 * 4), codes.weightBytes());
    }
  }

  @Test
  void weightsThatAreNotFiniteAreRefusedByName() {
    try (CudaBackend backend = backend(calibration); WeightStore store = backend.openWeightStore()) {
      String coded = inCodes();
      for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
        HostTensor weight = HostTensor.of(new float[] {1, 2, 3, bad}, 2, 2);
        String message = assertThrows(BadInputException.class, () -> store.linear(coded, weight, null)).getMessage();
        assertTrue(message.startsWith(coded + ": element 3 is " + bad), message);
        HostTensor bias = HostTensor.of(new float[] {bad, 1}, 2);
        HostTensor zeros = HostTensor.of(new float[4], 2, 2);
        assertTrue(assertThrows(BadInputException.class, () -> store.linear(coded, zeros, bias)).getMessage()
            .startsWith(coded + " (bias): element 0 is " + bad));
      }
      // Beyond float16, and rows of zeros: neither is anything to codes.
      LinearWeights weights = store.linear(coded, HostTensor.of(new float[] {1e20f, 2, 0, 0}, 2, 2), null);
      assertEquals(calibration.inputScale(coded), weights.inputScale());
    }
  }

  /** A device that says it has another compute capability. */
  private static final class OtherCapability extends ForwardingDriver {
    private final DeviceProperties properties;

    OtherCapability(CudaDriver inner, int capability) {
      super(inner);
      DeviceProperties of = inner.device();
      this.properties = new DeviceProperties(
          "a GPU", capability / 10, capability % 10, of.multiprocessors(), of.memoryBytes(), of.driverVersion());
    }

    @Override
    void before(Call call, long size) {}

    @Override
    public DeviceProperties device() {
      return properties;
    }
  }

  @Test
  void devicesWithoutTheKernelsAreRefused() {
    for (int capability : new int[] {80, 89, 100}) {
      try (CudaDriver driver = new OtherCapability(device(), capability)) {
        String message = assertThrows(BackendUnavailableException.class, () -> backend(driver, calibration, DType.F32)).getMessage();
        String own = "precision fp8: a GPU has compute capability " + capability / 10 + "." + capability % 10 + ", ";
        assertTrue(message.startsWith(own) && message.contains("9.0") && message.contains("fp16") && message.lines().count() == 1, message);
      }
    }
  }

  @Test
  void theBackendSaysWhatItComputesIn() {
    try (CudaBackend backend = backend(Calibrations.with(calibration, product -> product.contains("fc")))) {
      assertEquals(Precision.FP8, backend.precision());
      assertTrue(backend.description().contains("fp8 in 6 products"), backend.description());
    }
  }

  @Test
  void anotherModelsCalibrationIsRefused() {
    try (CudaBackend backend = backend(calibration)) {
      String message = assertThrows(BadInputException.class, () -> SmallModel.load(backend, notice -> { })).getMessage();
      assertTrue(message.contains("calibrate this model") && message.lines().count() == 1, message);
    }
  }

  @Test
  void requestsAreChecked() {
    EmulatedProvider provider = new EmulatedProvider();
    BackendRequest fp8 = BackendRequest.DEFAULT.withPrecision(Precision.FP8);
    assertTrue(assertThrows(UnsupportedRequestException.class, () -> provider.open(fp8)).getMessage().contains("conceptclip calibrate"));
    BackendRequest missing = fp8.withOption(Calibration.OPTION, "no-such-file.json");
    assertTrue(assertThrows(BadInputException.class, () -> provider.open(missing)).getMessage().startsWith("no-such-file.json: "));
    BackendRequest half = missing.withPrecision(Precision.FP16);
    assertTrue(assertThrows(UnsupportedRequestException.class, () -> provider.open(half)).getMessage().contains("only precision fp8"));
    BackendRequest bf16 = BackendRequest.DEFAULT.withPrecision(Precision.BF16);
    assertTrue(assertThrows(UnsupportedRequestException.class, () -> provider.open(bf16)).getMessage().contains("fp16 and fp8 only"));
  }

  /** Sums are recorded in front of every norm, as in fp16. */
  @Test
  void rangesAreRecorded() {
    CudaOptions options = CudaOptions.defaults().withCheckRange(true).withCalibration(Optional.of(calibration));
    try (CudaBackend backend = new CudaBackend("test", device(), options);
        Encoder encoder = model.load(backend)) {
      assertTrue(lowestCosine(features(encoder, images), exact) >= LOWEST_COSINE);
      assertEquals(6, backend.residualRanges().size());
      assertTrue(backend.residualRanges().values().stream().allMatch(largest -> largest > 0 && largest < 1000),
          backend.residualRanges().toString());
    }
  }
}
