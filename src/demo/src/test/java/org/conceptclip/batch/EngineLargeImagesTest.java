package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.conceptclip.image.DecodeCheckpoint;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoding;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Images that take long to decode: they stop when they should, and are in nobody's way. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EngineLargeImagesTest {
  private static final long MILLIS = 1_000_000;
  private static final EngineOptions ROOMY = EngineFixture.PLAIN.toBuilder().batching(new BatcherOptions(Duration.ofMillis(2), 50)).build();
  private static final RequestOptions PLAIN = RequestOptions.DEFAULT;

  private final LongImages images = new LongImages();

  /** Images whose names say what they announce: large ones take until they are stopped or released. */
  private static final class LongImages implements ImageReader {
    private final List<String> begun = new CopyOnWriteArrayList<>();
    private final CountDownLatch released = new CountDownLatch(1);

    @Override
    public void read(ImageInput input, int size, MemorySegment target, DecodeCheckpoint checkpoint) {
      String name = input.name();
      checkpoint.begin(name.startsWith("large") ? 20_000 * MILLIS : MILLIS);
      begun.add(name);
      while (!name.startsWith("small") && released.getCount() > 0) {
        LockSupport.parkNanos(5 * MILLIS);
        checkpoint.check();
      }
      target.copyFrom(EngineFixture.pixels(name.hashCode()).data());
    }
  }

  private static CompletableFuture<Encoding> submit(EngineFixture fixture, String name, RequestOptions options)
      throws InterruptedException {
    return fixture.engine.submitImageWhenRoom(new ImageInput.Encoded(new byte[0], name), Detail.FEATURES, options);
  }

  private static void await(String what, BooleanSupplier condition) {
    long until = System.nanoTime() + 20_000 * MILLIS;
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < until, what);
      LockSupport.parkNanos(MILLIS);
    }
  }

  /** Everything of the request is gone, and not only its caller told. */
  private static void assertGone(EngineFixture fixture, long sinceNanos, String what) {
    await(what, () -> fixture.engine.snapshot().heldBatches() == 0 && fixture.engine.leasedSlots() == 0);
    long millis = (System.nanoTime() - sinceNanos) / MILLIS;
    // The reader asks every 5 ms; the rest is for a busy machine.
    assertTrue(millis < 1000, what + " took " + millis + " ms");
  }

  @Test
  void aTimeoutAndACancelStopADecode() throws Exception {
    try (EngineFixture fixture = new EngineFixture(ROOMY, images, EngineFixture.cpu())) {
      for (String name : List.of("large", "endless")) {
        long begin = System.nanoTime();
        CompletableFuture<Encoding> expiring = submit(fixture, name, PLAIN.withTimeout(Duration.ofMillis(100)));
        EngineFixture.failure(DeadlineExceededException.class, expiring);
        assertGone(fixture, begin + 100 * MILLIS, "stopping " + name + " by its timeout");

        int before = images.begun.size();
        CompletableFuture<Encoding> cancelled = submit(fixture, name, PLAIN);
        await("the decode begins", () -> images.begun.size() > before);
        assertTrue(cancelled.cancel(false));
        assertGone(fixture, System.nanoTime(), "stopping " + name + " by a cancel");
      }
    }
  }

  @Test
  void largeImagesAndUnderestimatedOnesLeaveThreadsToSmallOnes() throws Exception {
    try (EngineFixture fixture = new EngineFixture(ROOMY, images, EngineFixture.cpu())) {
      List<CompletableFuture<Encoding>> hostile = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        hostile.add(submit(fixture, (i % 2 == 0 ? "large" : "endless") + i, PLAIN.withCaller("hostile")));
      }
      for (int i = 0; i < 20; i++) {
        CompletableFuture<Encoding> good = submit(fixture, "small" + i, PLAIN.withPriority(Priority.INTERACTIVE).withCaller("good"));
        assertTrue(good.get(10, TimeUnit.SECONDS).features().shape().elements() > 0);
      }
      assertTrue(hostile.stream().noneMatch(CompletableFuture::isDone), "hostile images were not in the way");
      images.released.countDown();
      for (CompletableFuture<Encoding> future : hostile) {
        future.join();
      }
    }
  }

  @Test
  void callersShareTheThreadsForLargeImages() throws Exception {
    try (EngineFixture fixture = new EngineFixture(ROOMY, images, EngineFixture.cpu())) {
      List<CompletableFuture<Encoding>> futures = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        futures.add(submit(fixture, "large of many " + i, PLAIN.withCaller("many")));
      }
      await("the first begins", () -> images.begun.size() == 1);
      futures.add(submit(fixture, "large of few", PLAIN.withCaller("few")));
      futures.add(submit(fixture, "large and urgent", PLAIN.withCaller("many").withPriority(Priority.INTERACTIVE)));
      // Behind them in the queue for small images, so they have moved on when this is done.
      submit(fixture, "small", PLAIN).join();
      submit(fixture, "small", PLAIN).join();
      images.released.countDown();
      futures.forEach(CompletableFuture::join);
      List<String> large = images.begun.stream().filter(name -> name.startsWith("large")).toList();
      assertEquals("large and urgent", large.get(1), large.toString());
      assertTrue(large.indexOf("large of few") <= 3, large.toString());
    }
  }

  @Test
  void whatIsWithdrawnGivesItsPlaceBackAtOnce() throws Exception {
    try (EngineFixture fixture = new EngineFixture(ROOMY, images, EngineFixture.cpu())) {
      CompletableFuture<Encoding> held = submit(fixture, "large", PLAIN);
      await("the first begins", () -> images.begun.size() == 1);
      double alone = fixture.engine.snapshot().heldBatches();
      List<CompletableFuture<Encoding>> waiting = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        waiting.add(submit(fixture, "large " + i, PLAIN.withTimeout(Duration.ofMillis(200))));
      }
      waiting.subList(0, 5).forEach(future -> future.cancel(false));
      waiting.subList(5, 10).forEach(future -> EngineFixture.failure(DeadlineExceededException.class, future));
      await("places are given back", () -> fixture.engine.snapshot().heldBatches() <= alone);
      assertFalse(held.isDone());
      images.released.countDown();
      held.join();
    }
    assertEquals(List.of("large"), images.begun);
  }

  @Test
  void closingEndsLargeImagesAfterHalfASecondAndAnswersTheOthers() throws Exception {
    List<CompletableFuture<Encoding>> large = new ArrayList<>();
    List<CompletableFuture<Encoding>> small = new ArrayList<>();
    EngineFixture fixture = new EngineFixture(ROOMY, images, EngineFixture.cpu());
    for (int i = 0; i < 5; i++) {
      large.add(submit(fixture, "large " + i, PLAIN));
      large.add(submit(fixture, "endless " + i, PLAIN));
      small.add(submit(fixture, "small " + i, PLAIN));
    }
    await("one begins", () -> !images.begun.isEmpty());
    long begin = System.nanoTime();
    fixture.close();
    long millis = (System.nanoTime() - begin) / MILLIS;
    assertTrue(millis >= 450 && millis < 2000, "closing took " + millis + " ms");
    large.forEach(future -> EngineFixture.failure(BatcherClosedException.class, future));
    small.forEach(future -> assertTrue(future.isDone() && !future.isCompletedExceptionally()));
  }

  @Test
  void anInterruptedCloseStopsDecodesAtOnce() throws Exception {
    EngineFixture fixture = new EngineFixture(ROOMY, images, EngineFixture.cpu());
    List<CompletableFuture<Encoding>> futures = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      futures.add(submit(fixture, "endless " + i, PLAIN));
    }
    await("one begins", () -> !images.begun.isEmpty());
    long begin = System.nanoTime();
    Thread.currentThread().interrupt();
    fixture.engine.close();
    assertTrue(Thread.interrupted(), "the interrupt was lost");
    long millis = (System.nanoTime() - begin) / MILLIS;
    assertTrue(millis < 400, "closing took " + millis + " ms");
    futures.forEach(future -> EngineFixture.failure(BatcherClosedException.class, future));
    fixture.close();
  }
}
