package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntBinaryOperator;
import org.conceptclip.image.DecodeCheckpoint;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;

/**
 * An engine from its opening to its end, during which memory is short at chosen moments. Loaded by a {@link ShortageLoader}. Takes the first
 * such moment and their number; returns how many moments there were.
 */
final class EngineShortageScenario implements IntBinaryOperator {
  private static final Encoder ENCODER = EngineFixture.load(EngineFixture.cpu());
  private static final ConcurrentLinkedQueue<Throwable> REPORTED = new ConcurrentLinkedQueue<>();

  /** Some of its images are large, some cannot be decoded. */
  private static final class Reader implements ImageReader {
    @Override
    public void read(ImageInput input, int size, MemorySegment target, DecodeCheckpoint checkpoint) {
      checkpoint.begin(input.name().equals("large") ? 1_000_000_000L : 1_000_000L);
      checkpoint.check();
      if (input.name().equals("damaged")) {
        throw new IllegalArgumentException("damaged");
      }
      target.fill((byte) 7);
    }
  }

  @Override
  public int applyAsInt(int first, int count) {
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> REPORTED.add(failure));
    try {
      return run(first, count);
    } finally {
      Shortages.end();
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }

  private static int run(int first, int count) {
    EngineOptions options = EngineFixture.PLAIN;
    ImageInput pixels = EngineFixture.input(1);
    ImageInput[] images = {new ImageInput.Encoded(new byte[0], "small"), new ImageInput.Encoded(new byte[0], "large"),
        new ImageInput.Encoded(new byte[0], "damaged")};
    Reader reader = new Reader();
    Shortages.plant(first, count);
    Engine engine;
    try {
      engine = Engine.open(List.of(ENCODER), options, reader);
    } catch (OutOfMemoryError notOpened) {
      Shortages.end();
      awaitNoThreads();
      return first;
    }
    List<CompletableFuture<Encoding>> futures = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      int number = i;
      submit(futures, () -> engine.submitImage(number % 4 == 3 ? pixels : images[number % 4], Detail.FEATURES, RequestOptions.DEFAULT));
      submit(futures, () -> engine.submitText(EngineFixture.text(number, 3), Detail.FEATURES, RequestOptions.DEFAULT));
    }
    cancel(futures);
    futures.forEach(EngineShortageScenario::await);
    int moments = Shortages.end();
    try {
      float[] after = engine.submitImageWhenRoom(pixels, Detail.FEATURES, RequestOptions.DEFAULT).join().features().toFloatArray();
      assertTrue(after.length > 0);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    closeInTime(engine);
    assertEquals(0, engine.leasedSlots(), "slots");
    assertEquals(0, engine.snapshot().heldBatches(), "shares");
    awaitNoThreads();
    assertEquals(List.of(), List.copyOf(REPORTED));
    return moments;
  }

  private interface Submission {
    CompletableFuture<Encoding> submit();
  }

  private static void submit(List<CompletableFuture<Encoding>> futures, Submission submission) {
    try {
      futures.add(submission.submit());
    } catch (OutOfMemoryError | OverloadedException turnedAway) {
      // Its caller knows.
    }
  }

  private static void cancel(List<CompletableFuture<Encoding>> futures) {
    try {
      if (!futures.isEmpty()) {
        futures.getLast().cancel(false);
      }
    } catch (OutOfMemoryError notCancelled) {
      // Its caller knows.
    }
  }

  private static void await(CompletableFuture<?> future) {
    try {
      future.get(10, TimeUnit.SECONDS);
    } catch (ExecutionException | CancellationException failed) {
      // It was told something.
    } catch (TimeoutException e) {
      throw new AssertionError("a request was told nothing", e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void closeInTime(Engine engine) {
    Thread closing = Thread.ofPlatform().daemon().start(engine::close);
    try {
      assertTrue(closing.join(Duration.ofSeconds(10)), "close() hangs");
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void awaitNoThreads() {
    for (int i = 0; i < 5000 && !EngineFixture.engineThreads().isEmpty(); i++) {
      LockSupport.parkNanos(200_000);
    }
    assertEquals(List.of(), EngineFixture.engineThreads(), "threads");
  }
}
