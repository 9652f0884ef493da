package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.model.ModelConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tuning on an emulated device, whose times mean nothing: what is measured, what is found wrong, and what is left behind. */
@OnEmulator
class TunerTest {
  private static final Duration PLENTY = Duration.ofMinutes(5);

  /** Times mean nothing here, so one run is enough. */
  private static final long BURST_NANOS = 1;

  private final List<String> progress = new ArrayList<>();

  @TempDir Path folder;

  private static CudaDriver device() {
    return SmallModel.device(EmulatedDevice.ofCapability(90));
  }

  private static TuningPlan plan(List<Integer> images, List<Integer> textRows, Duration budget) {
    return new TuningPlan(SmallModel.CONFIG, images, textRows, budget);
  }

  @Test
  void everyProductOfAModelIsMeasuredByEveryEngine() throws IOException {
    CudaDriver driver = device();
    TuningTable table;
    try (Tuner tuner = new Tuner(driver, BURST_NANOS)) {
      table = tuner.measure(plan(List.of(1), List.of(12), PLENTY), progress::add);
      assertEquals(0, driver.liveObjects(), "objects that a measurement left");
    }
    Set<String> shapes = table.choices().keySet().stream().map(TuningTable.Subject::shape).collect(Collectors.toSet());
    assertTrue(shapes.containsAll(List.of("bias_f16 24 -> 72", "norm_f32 24 -> 24", "norm_f32 40 -> 24", "norm_f16 24 -> 24",
        "gelu_f16 24 -> 40", "bias_f16 24 -> 48", "gelu_f16 24 -> 24 without bias", "bias_f16 24 -> 24 without bias", "bias_f32 24 -> 24",
        "add_f32 40 -> 24", "bias_f16 40 -> 24", "bias_f32 24 -> 24 without bias")), shapes.toString());
    int engines = table.timings().stream().filter(timing -> timing.subject().shape().equals("norm_f32 24 -> 24")).toList().size();
    assertEquals(3, engines);
    assertTrue(progress.stream().anyMatch(line -> line.matches("gelu_f16 24 -> 40, 4 rows: cublaslt [0-9.]+ us own [0-9.]+ us")),
        progress.toString());
    Path file = folder.resolve("t.tsv");
    Tuner.write(table, file);
    assertEquals(table.checksum(), TuningTable.parse(Files.readString(file)).checksum());
  }

  @Test
  void timeThatHasRunOutLeavesShapesToTheRule() {
    try (Tuner tuner = new Tuner(device(), BURST_NANOS)) {
      TuningTable table = tuner.measure(plan(List.of(1, 2), List.of(12), Duration.ofNanos(1)), progress::add);
      assertEquals(List.of(), table.timings());
    }
    assertEquals(1, progress.size(), progress.toString());
    assertTrue(progress.getFirst().startsWith("out of time: "), progress.toString());
  }

  @Test
  void shapesThatDoNotFitAreLeftOut() {
    CudaDriver small = SmallModel.device(new EmulatedDevice(90, 1 << 16));
    try (Tuner tuner = new Tuner(small, BURST_NANOS)) {
      TuningTable table = tuner.measure(plan(List.of(64), List.of(1), PLENTY), progress::add);
      assertTrue(table.timings().stream().noneMatch(timing -> timing.subject().shape().equals("bias_f16 24 -> 72") && timing.rows() == 256),
          "rows that do not fit");
      assertTrue(progress.contains("bias_f16 24 -> 72, 256 rows: left out, device memory does not hold them"), progress.toString());
    }
  }

  /** A library that leaves the bias out. */
  private static final class Wrong extends ForwardingDriver {
    Wrong(CudaDriver inner) {
      super(inner);
    }

    @Override
    void before(Call call, long bytes) {}

    @Override
    public void matmul(MatmulCall product, long stream) {
      MatmulCall.Shape shape = product.shape();
      super.matmul(new MatmulCall(
          new MatmulCall.Shape(shape.inputs(), shape.outputs(), false, shape.outFloat32(), shape.accumulate()), product.rows(), product.x(),
          product.xPitch(), product.weight(), 0, product.out(), product.outPitch()), stream);
    }
  }

  @Test
  void anEngineThatComputesSomethingElseIsFound() {
    CudaDriver driver = new Wrong(device());
    try (Tuner tuner = new Tuner(driver, BURST_NANOS)) {
      String message = assertThrows(
          DeviceException.class, () -> tuner.measure(plan(List.of(1), List.of(1), PLENTY), progress::add)).getMessage();
      assertTrue(message.startsWith("tune: emulated sm_90: bias_f16 24 -> 72, 4 rows: own computes "), message);
      assertEquals(0, driver.liveObjects(), "objects that the failure left");
    }
  }

  @Test
  void everyCallThatFailsIsReportedAndLeavesNothing() {
    for (long call = 1; call < 400; call += 13) {
      FailingDriver driver = new FailingDriver(device(), DeviceException.Kind.FAILED, call);
      try (Tuner tuner = new Tuner(driver, BURST_NANOS)) {
        tuner.measure(new TuningPlan(SmallModel.CONFIG, List.of(1), List.of(1), Duration.ofMillis(50)), progress::add);
        assertTrue(driver.planted() == null, "nobody was told of the failure of call " + call);
      } catch (DeviceException failure) {
        assertEquals(driver.planted(), failure, "call " + call);
      }
      assertEquals(0, driver.objectsAtClose(), "objects after the failure of call " + call);
      assertEquals(0, driver.bytesAtClose(), "bytes after the failure of call " + call);
    }
  }

  @Test
  void nothingIsTunedWhereThereIsNoChoice() {
    try (CudaDriver bare = ProductChoiceTest.withoutLibrary(device())) {
      String message = assertThrows(BackendUnavailableException.class, () -> new Tuner(bare)).getMessage();
      assertTrue(message.contains("nothing to choose"), message);
    }
  }

  @Test
  void impossiblePlansAreRefused() {
    for (List<Integer> numbers : List.of(List.<Integer>of(), List.of(0), List.of(1, -1), List.of(1 << 21))) {
      assertThrows(IllegalArgumentException.class, () -> plan(numbers, List.of(1), PLENTY));
      assertThrows(IllegalArgumentException.class, () -> plan(List.of(1), numbers, PLENTY));
    }
    assertThrows(IllegalArgumentException.class, () -> plan(List.of(1), List.of(1), Duration.ZERO));
    assertEquals(ModelConfig.conceptClip("published"), TuningPlan.standard(PLENTY).model());
  }
}
