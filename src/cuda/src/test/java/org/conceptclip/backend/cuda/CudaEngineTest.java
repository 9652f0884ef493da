package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.ForwardingDriver.Call;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.batch.BatchListener;
import org.conceptclip.batch.BatchReport;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.ReplicasLostException;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.batch.WorkKind;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The batching engine over emulated devices: two lanes a device, sizes in powers of two, devices that are lost. */
@OnEmulator
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CudaEngineTest {
  private static final int IMAGES = 40;
  private static final EngineOptions OPTIONS = EngineOptions.builder().batchImages(8).batchTokens(16).decodeThreads(1).build();

  private static ImageInput image(int index) {
    HostTensor all = SmallModel.images(IMAGES);
    long bytes = all.byteSize() / IMAGES;
    return new ImageInput.Pixels(HostTensor.view(DType.U8, Shape.of(14, 14, 3), all.data().asSlice(index * bytes, bytes)));
  }

  private static float[][] alone(Encoder encoder) {
    float[] all = encoder.encodeImages(SmallModel.images(IMAGES), Detail.FEATURES).features().toFloatArray();
    float[][] rows = new float[IMAGES][];
    for (int i = 0; i < IMAGES; i++) {
      rows[i] = Arrays.copyOfRange(all, i * all.length / IMAGES, (i + 1) * all.length / IMAGES);
    }
    return rows;
  }

  private static List<CompletableFuture<Encoding>> submitAll(Engine engine) throws InterruptedException {
    List<CompletableFuture<Encoding>> futures = new ArrayList<>();
    for (int i = 0; i < IMAGES; i++) {
      futures.add(engine.submitImageWhenRoom(image(i), Detail.FEATURES, RequestOptions.DEFAULT));
    }
    return futures;
  }

  private static void assertAlone(float[][] expected, List<CompletableFuture<Encoding>> futures) {
    for (int i = 0; i < IMAGES; i++) {
      assertArrayEquals(expected[i], futures.get(i).join().features().toFloatArray(), "image " + i);
    }
  }

  @Test
  void everySizeOfBatchIsAGraphOnEveryLaneBeforeTheFirstRequest() throws Exception {
    CountingDriver driver = new CountingDriver(SmallModel.device());
    List<Integer> sizes = new ArrayList<>();
    EngineOptions options = OPTIONS.toBuilder().listeners(List.of(new BatchListener<WorkKind>() {
      @Override
      public synchronized void batchEnded(BatchReport<WorkKind> report) {
        sizes.add(report.requests());
      }
    })).build();
    try (CudaBackend backend = new CudaBackend("test", driver, CudaOptions.defaults());
        Encoder encoder = SmallModel.load(backend, notice -> {})) {
      try (Engine engine = Engine.open(List.of(encoder), options)) {
        driver.reset();
        List<CompletableFuture<Encoding>> futures = submitAll(engine);
        futures.forEach(CompletableFuture::join);
        Map<Call, Long> calls = driver.calls();
        for (Call call : List.of(Call.BEGIN_CAPTURE, Call.LAUNCH, Call.ALLOCATE, Call.ALLOCATE_PINNED)) {
          assertEquals(null, calls.get(call), call.name());
        }
        assertNotNull(calls.get(Call.LAUNCH_GRAPH));
        assertAlone(alone(encoder), futures);
      }
    }
    assertTrue(sizes.stream().allMatch(size -> Integer.bitCount(size) == 1), sizes::toString);
  }

  @Test
  void anotherDeviceTakesOver() throws Exception {
    for (long call : new long[] {1, 10, 40, 90}) {
      FailingDriver driver = new FailingDriver(SmallModel.device(), DeviceException.Kind.LOST, call, FailingDriver.afterLoading());
      try (CudaBackend failing = new CudaBackend("failing", driver, CudaOptions.defaults());
          CudaBackend good = new CudaBackend("good", SmallModel.device(), CudaOptions.defaults());
          Encoder one = SmallModel.load(failing, notice -> {});
          Encoder other = SmallModel.load(good, notice -> {})) {
        try (Engine engine = Engine.open(List.of(one, other), OPTIONS.toBuilder().warmUp(false).build())) {
          List<CompletableFuture<Encoding>> futures = submitAll(engine);
          assertAlone(alone(other), futures);
          assertEquals(driver.planted() == null ? 2 : 1, engine.snapshot().replicas());
        }
      }
      assertEquals(0, driver.bytesAtClose());
      assertEquals(0, driver.objectsAtClose());
      assertTrue(call > 1 || driver.planted() != null);
    }
  }

  @Test
  void lossOfTheOnlyDeviceIsTold() {
    FailingDriver driver = new FailingDriver(SmallModel.device(), DeviceException.Kind.LOST, 20, FailingDriver.afterLoading());
    try (CudaBackend backend = new CudaBackend("test", driver, CudaOptions.defaults());
        Encoder encoder = SmallModel.load(backend, notice -> {})) {
      List<CompletableFuture<Encoding>> futures = new ArrayList<>();
      try (Engine engine = Engine.open(List.of(encoder), OPTIONS.toBuilder().warmUp(false).build())) {
        assertThrows(ReplicasLostException.class, () -> {
          while (true) {
            futures.add(engine.submitImageWhenRoom(image(0), Detail.FEATURES, RequestOptions.DEFAULT));
          }
        });
      }
      assertTrue(futures.stream().allMatch(CompletableFuture::isDone));
      CompletableFuture<Encoding> last = futures.getLast();
      Throwable told = assertThrows(CompletionException.class, last::join).getCause();
      assertTrue(Encoder.isDeviceLost(told), told::toString);
    }
    assertEquals(0, driver.bytesAtClose());
    assertEquals(0, driver.objectsAtClose());
  }

  @Test
  void warmUpFindsWhatMemoryHoldsOnEveryLane() throws Exception {
    List<String> notices = new ArrayList<>();
    long weights;
    long plenty;
    try (CudaBackend backend = new CudaBackend("test", SmallModel.device(), CudaOptions.defaults());
        Encoder encoder = SmallModel.load(backend, notices::add)) {
      weights = backend.deviceBytes();
      encoder.warmUp(List.of(32), 16);
      plenty = backend.deviceBytes();
    }
    assertEquals(List.of(), notices);
    EmulatedDevice small = new EmulatedDevice(80, weights + (plenty - weights) * 3 / 4);
    try (CudaBackend backend = new CudaBackend("test", SmallModel.device(small), CudaOptions.defaults());
        Encoder encoder = SmallModel.load(backend, notices::add);
        Engine engine = Engine.open(List.of(encoder), OPTIONS.toBuilder().batchImages(0).build())) {
      assertTrue(engine.batchImages() < 32, () -> "batches of " + engine.batchImages());
      assertAlone(alone(encoder), submitAll(engine));
    }
    assertTrue(notices.getFirst().startsWith("device memory does not hold a pass of "), notices::toString);
  }
}
