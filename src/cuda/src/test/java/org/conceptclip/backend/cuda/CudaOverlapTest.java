package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.ForwardingDriver.Call;
import org.conceptclip.backend.cuda.TracingDriver.Step;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two passes on one device: the second one's images travel while the first computes, and its computing waits for the first one's end. */
@OnEmulator
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CudaOverlapTest {
  private final EmulatedCudaDriver device = SmallModel.device();
  private final TracingDriver driver = new TracingDriver(device);
  private final LinkedBlockingQueue<Long> waiting = new LinkedBlockingQueue<>();
  private final Map<Long, CountDownLatch> gates = new ConcurrentHashMap<>();

  /** Each pass's thread stops in front of its first wait: all its work is with the device then, and none of it is done. */
  private void stopAtWaits() {
    driver.beforeSynchronize(stream -> {
      if (gates.putIfAbsent(stream, new CountDownLatch(1)) == null) {
        waiting.add(stream);
      }
      try {
        gates.get(stream).await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
  }

  private static CompletableFuture<float[]> encode(Encoder encoder, HostTensor images) {
    return CompletableFuture.supplyAsync(
        () -> encoder.encodeImages(images, Detail.FEATURES).features().toFloatArray(), Thread.ofPlatform()::start);
  }

  @Test
  void copiesOverlapAndComputingTakesTurns() throws Exception {
    try (CudaBackend backend = new CudaBackend("test", driver, CudaOptions.defaults());
        Encoder encoder = SmallModel.load(backend, notice -> {})) {
      encoder.warmUp(List.of(2), 0);
      HostTensor some = SmallModel.images(2);
      float[] expected = encoder.encodeImages(some, Detail.FEATURES).features().toFloatArray();
      long mark = device.allocate(1);
      long observer = device.createStream();
      device.fill(mark, (byte) 0, 1, observer);
      device.synchronize(observer);
      AtomicBoolean marked = new AtomicBoolean();
      // The last that the device does of the first pass's computing.
      driver.beforeRecord(stream -> {
        if (marked.compareAndSet(false, true)) {
          device.fill(mark, (byte) 1, 1, stream);
        }
      });
      driver.reset();
      stopAtWaits();

      CompletableFuture<float[]> first = encode(encoder, some);
      long streamOfFirst = waiting.take();
      List<Step> stepsOfFirst = driver.steps();
      CompletableFuture<float[]> second = encode(encoder, some);
      long streamOfSecond = waiting.take();
      assertNotEquals(streamOfFirst, streamOfSecond);
      List<Step> stepsOfSecond = driver.steps().subList(stepsOfFirst.size(), driver.steps().size());

      long endOfFirst = recorded(stepsOfFirst);
      assertTrue(stepsOfFirst.contains(new Step(Call.LAUNCH_GRAPH, streamOfFirst, 0)), stepsOfFirst::toString);
      // Pixels and tables are on their way before the wait for the first pass, which no thread has waited for yet.
      assertEquals(
          List.of(
              new Step(Call.COPY_TO_DEVICE, streamOfSecond, 0),
              new Step(Call.COPY_TO_DEVICE, streamOfSecond, 0),
              new Step(Call.AWAIT, streamOfSecond, endOfFirst),
              new Step(Call.LAUNCH_GRAPH, streamOfSecond, 0),
              new Step(Call.RECORD, streamOfSecond, recorded(stepsOfSecond)),
              new Step(Call.COPY_TO_HOST, streamOfSecond, 0)),
          stepsOfSecond);

      gates.get(streamOfSecond).countDown();
      assertArrayEquals(expected, second.get());
      // The device did the first pass before the second, though the first one's caller does not wait yet.
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment found = arena.allocate(1);
        device.copyToHost(found, mark, observer);
        device.synchronize(observer);
        assertEquals(1, found.get(ValueLayout.JAVA_BYTE, 0), "the second pass ended before the first one's computing");
      }
      gates.get(streamOfFirst).countDown();
      assertArrayEquals(expected, first.get());
    }
  }

  /** The thread of one pass of texts gives all its work to the device while another pass is there, and only then waits. */
  @Test
  void textsOfOnePassTravelWhileAnotherIsComputed() throws Exception {
    try (CudaBackend backend = new CudaBackend("test", driver, CudaOptions.defaults());
        Encoder encoder = SmallModel.load(backend, notice -> {})) {
      encoder.warmUp(List.of(1), 64);
      TokenBatch texts = SmallModel.texts();
      float[] expected = encoder.encodeCheckedTexts(texts, Detail.FEATURES).features().toFloatArray();
      driver.reset();
      stopAtWaits();

      CompletableFuture<float[]> first = encode(encoder, texts);
      long streamOfFirst = waiting.take();
      List<Step> stepsOfFirst = driver.steps();
      CompletableFuture<float[]> second = encode(encoder, TokenBatch.packed(List.of(new int[] {4, 4}, new int[] {1, 2, 3, 4})));
      long streamOfSecond = waiting.take();
      List<Step> stepsOfSecond = driver.steps().subList(stepsOfFirst.size(), driver.steps().size());

      assertTrue(stepsOfFirst.contains(new Step(Call.LAUNCH_GRAPH, streamOfFirst, 0)), stepsOfFirst::toString);
      // One copy of tables, one graph, whatever the lengths; one copy of features.
      assertEquals(
          List.of(
              new Step(Call.COPY_TO_DEVICE, streamOfSecond, 0),
              new Step(Call.AWAIT, streamOfSecond, recorded(stepsOfFirst)),
              new Step(Call.LAUNCH_GRAPH, streamOfSecond, 0),
              new Step(Call.RECORD, streamOfSecond, recorded(stepsOfSecond)),
              new Step(Call.COPY_TO_HOST, streamOfSecond, 0)),
          stepsOfSecond);
      gates.get(streamOfFirst).countDown();
      gates.get(streamOfSecond).countDown();
      assertArrayEquals(expected, first.get());
      second.get();
    }
  }

  private static CompletableFuture<float[]> encode(Encoder encoder, TokenBatch texts) {
    return CompletableFuture.supplyAsync(
        () -> encoder.encodeCheckedTexts(texts, Detail.FEATURES).features().toFloatArray(), Thread.ofPlatform()::start);
  }

  private static long recorded(List<Step> steps) {
    return steps.stream().filter(step -> step.call() == Call.RECORD).findFirst().orElseThrow().event();
  }
}
