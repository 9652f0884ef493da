package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.runtime.NonFiniteResultException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What goes wrong on devices and at the end. The fixture checks after each that no slot and no thread is left. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EngineFaultsTest {
  private final FaultyBackend backend = new FaultyBackend(EngineFixture.cpu());

  /** Holds passes up until it is opened. */
  private static final class Gate implements FaultyBackend.Fault {
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch open = new CountDownLatch(1);

    @Override
    public void before(int images) {
      arrived.countDown();
      try {
        open.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static void assertAlone(EngineFixture fixture, int seed, CompletableFuture<Encoding> future) {
    assertArrayEquals(EngineFixture.alone(fixture.encoders.getFirst(), seed), future.join().features().toFloatArray(), "image " + seed);
  }

  private static List<CompletableFuture<Encoding>> submit(EngineFixture fixture, int count) throws InterruptedException {
    List<CompletableFuture<Encoding>> futures = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      futures.add(fixture.submit(i));
    }
    return futures;
  }

  /** Fills the engine up while its device is held up. */
  private static List<CompletableFuture<Encoding>> fill(EngineFixture fixture) {
    List<CompletableFuture<Encoding>> futures = new ArrayList<>();
    while (true) {
      try {
        futures.add(
            fixture.engine.submitImage(EngineFixture.input(futures.size()), Detail.FEATURES, RequestOptions.DEFAULT));
      } catch (OverloadedException full) {
        return futures;
      }
    }
  }

  @Test
  void poisonedImageFailsAlone() throws Exception {
    List<Integer> batches = Collections.synchronizedList(new ArrayList<>());
    EngineOptions options = EngineFixture.PLAIN.toBuilder()
        .batchImages(64)
        .batching(new BatcherOptions(Duration.ofSeconds(20), 1))
        .listeners(List.of(new BatchListener<WorkKind>() {
          @Override
          public void batchEnded(BatchReport<WorkKind> report) {
            batches.add(report.requests());
          }
        }))
        .build();
    try (EngineFixture fixture = new EngineFixture(options, backend)) {
      int guilty = 37;
      List<CompletableFuture<Encoding>> futures = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        ImageInput input = i == guilty ? new ImageInput.Pixels(FaultyBackend.poisoned()) : EngineFixture.input(i);
        futures.add(fixture.engine.submitImage(input, Detail.FEATURES, RequestOptions.DEFAULT));
      }
      NonFiniteResultException failure = EngineFixture.failure(NonFiniteResultException.class, futures.get(guilty));
      assertTrue(failure.getMessage().startsWith("image 0: the model computed NaN"), failure.getMessage());
      for (int i = 0; i < 64; i++) {
        if (i != guilty) {
          assertAlone(fixture, i, futures.get(i));
        }
      }
    }
    assertEquals(64, batches.getFirst());
  }

  @Test
  void failureThatPassesIsNotSeen() throws Exception {
    AtomicInteger left = new AtomicInteger(2);
    backend.happens(images -> {
      // One alone has no halves to be tried again in.
      if (images > 1 && left.getAndDecrement() > 0) {
        throw new DeviceException(Kind.FAILED, "planted", null);
      }
    });
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, backend)) {
      List<CompletableFuture<Encoding>> futures = submit(fixture, 12);
      for (int i = 0; i < futures.size(); i++) {
        assertAlone(fixture, i, futures.get(i));
      }
      assertTrue(left.get() < 0);
    }
  }

  @Test
  void failureThatStaysIsToldToAll() throws Exception {
    backend.happens(images -> {
      throw new OutOfMemoryError("planted");
    });
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, backend)) {
      for (CompletableFuture<Encoding> future : submit(fixture, 12)) {
        assertEquals("planted", EngineFixture.failure(OutOfMemoryError.class, future).getMessage());
      }
      backend.happens(images -> {});
      assertAlone(fixture, 1, fixture.submit(1));
    }
  }

  @Test
  void passesShrinkWhenMemoryIsMissing() throws Exception {
    backend.happens(images -> {
      if (images > 1) {
        throw new DeviceException(Kind.MEMORY, "planted", null);
      }
    });
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, backend)) {
      List<CompletableFuture<Encoding>> futures = submit(fixture, 12);
      for (int i = 0; i < futures.size(); i++) {
        assertAlone(fixture, i, futures.get(i));
      }
      assertEquals(1, fixture.encoders.getFirst().limits().images());
    }
  }

  @Test
  void lostDeviceIsReplaced() throws Exception {
    List<String> lost = Collections.synchronizedList(new ArrayList<>());
    backend.happens(images -> {
      throw new DeviceException(Kind.LOST, "planted", null);
    });
    EngineOptions options = EngineFixture.PLAIN.toBuilder().listeners(List.of(new BatchListener<WorkKind>() {
      @Override
      public void replicaLost(String replica, Throwable cause) {
        lost.add(replica + ": " + cause.getMessage());
      }
    })).build();
    FaultyBackend good = new FaultyBackend(EngineFixture.cpu());
    try (EngineFixture fixture = new EngineFixture(options, backend, good)) {
      List<CompletableFuture<Encoding>> futures = submit(fixture, 24);
      for (int i = 0; i < futures.size(); i++) {
        assertArrayEquals(EngineFixture.alone(fixture.encoders.getLast(), i), futures.get(i).join().features().toFloatArray());
      }
      assertEquals(1, fixture.engine.snapshot().replicas());
    }
    assertEquals(List.of("decorated cpu-0: planted"), lost);
  }

  @Test
  void lossOfTheLastDeviceIsTold() throws Exception {
    backend.happens(images -> {
      throw new DeviceException(Kind.LOST, "planted", null);
    });
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, backend)) {
      List<CompletableFuture<Encoding>> futures = new ArrayList<>();
      ReplicasLostException refused = assertThrows(ReplicasLostException.class, () -> {
        while (true) {
          futures.add(fixture.submit(futures.size()));
        }
      });
      assertEquals("planted", refused.getCause().getMessage());
      assertFalse(futures.isEmpty());
      futures.forEach(future -> EngineFixture.failure(RuntimeException.class, future));
    }
  }

  @Test
  void interruptEndsTheWaitOfACaller() throws Exception {
    Gate gate = new Gate();
    backend.happens(gate);
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, backend)) {
      List<CompletableFuture<Encoding>> futures = fill(fixture);
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread waiting = Thread.ofPlatform().start(() -> failure.set(assertThrows(Throwable.class, () -> fixture.submit(1))));
      while (waiting.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
      waiting.interrupt();
      waiting.join();
      assertEquals(InterruptedException.class, failure.get().getClass());
      gate.open.countDown();
      for (int i = 0; i < futures.size(); i++) {
        assertAlone(fixture, i, futures.get(i));
      }
    }
  }

  @Test
  void closeUnderLoadEndsEveryRequest() throws Exception {
    List<CompletableFuture<Encoding>> futures = Collections.synchronizedList(new ArrayList<>());
    List<Throwable> refusals = Collections.synchronizedList(new ArrayList<>());
    List<Thread> callers = new ArrayList<>();
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, backend)) {
      for (int t = 0; t < 4; t++) {
        int seed = t;
        callers.add(Thread.ofPlatform().start(() -> {
          try {
            while (true) {
              futures.add(fixture.submit(seed));
            }
          } catch (RuntimeException | InterruptedException refusal) {
            refusals.add(refusal);
          }
        }));
      }
      while (futures.size() < 40) {
        Thread.onSpinWait();
      }
    }
    for (Thread caller : callers) {
      caller.join();
    }
    assertEquals(4, refusals.size());
    refusals.forEach(refusal -> assertEquals(BatcherClosedException.class, refusal.getClass()));
    futures.forEach(future -> assertTrue(future.isDone() && !future.isCompletedExceptionally()));
  }

  @Test
  void interruptedCloseDropsWhatHasNotBegun() throws Exception {
    Gate gate = new Gate();
    backend.happens(gate);
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, backend)) {
      List<CompletableFuture<Encoding>> futures = fill(fixture);
      gate.arrived.await();
      AtomicReference<Boolean> stillInterrupted = new AtomicReference<>();
      Thread closing = Thread.ofPlatform().start(() -> {
        fixture.engine.close();
        stillInterrupted.set(Thread.interrupted());
      });
      closing.interrupt();
      // The last one waits for a batch, so it is dropped as soon as the interrupt is seen, while the device is still held up.
      EngineFixture.failure(BatcherClosedException.class, futures.getLast());
      gate.open.countDown();
      closing.join();
      assertEquals(Boolean.TRUE, stillInterrupted.get());
      assertAlone(fixture, 0, futures.getFirst());
      futures.forEach(future -> assertTrue(future.isDone()));
    }
  }

  @Test
  void slowCallbackHoldsUpNoDevice() throws Exception {
    CountDownLatch slow = new CountDownLatch(1);
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, backend)) {
      Gate gate = new Gate();
      backend.happens(gate);
      CompletableFuture<Boolean> told = fixture.submit(1).thenApply(result -> {
        try {
          slow.await();
          return true;
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      });
      // Alone in its batch: those of one batch are told one after the other.
      gate.arrived.await();
      gate.open.countDown();
      List<CompletableFuture<Encoding>> futures = submit(fixture, 40);
      for (int i = 0; i < futures.size(); i++) {
        assertAlone(fixture, i, futures.get(i));
      }
      assertFalse(told.isDone());
      slow.countDown();
      assertTrue(told.join());
    }
  }

  @Test
  void whenNobodyTellsCallersTheBringerHelps() {
    CountDownLatch hold = new CountDownLatch(1);
    AtomicInteger run = new AtomicInteger();
    int tasks = 10_000;
    try (Completions completions = new Completions(1, new StageClocks())) {
      completions.execute(() -> {
        try {
          hold.await();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      });
      for (int i = 0; i < tasks; i++) {
        completions.execute(run::incrementAndGet);
      }
      assertTrue(completions.waiting() <= 4096, completions.waiting() + " wait");
      assertTrue(run.get() >= tasks - 4096, run + " were run");
      hold.countDown();
    }
    assertEquals(tasks, run.get());
  }

  @Test
  void closingFromACallbackIsRefused() throws Exception {
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, backend)) {
      Gate gate = new Gate();
      backend.happens(gate);
      CompletableFuture<Void> closed = fixture.submit(1).thenAccept(result -> fixture.engine.close());
      gate.open.countDown();
      EngineFixture.failure(IllegalStateException.class, closed);
    }
  }
}
