package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntBinaryOperator;

/**
 * A schedule with all that can happen to a batcher, during which memory is short at chosen moments. Loaded by a {@link ShortageLoader}.
 * Takes the first such moment and their number; returns how many moments there were.
 */
final class ShortageScenario implements IntBinaryOperator, BatchListener<String> {
  private static final int REQUESTS = 40;
  private static final long MICROS = 1_000;

  private final VirtualTiming timing = new VirtualTiming();
  private final Map<Integer, CompletableFuture<Integer>> admitted = new HashMap<>();
  private final Map<Integer, Integer> released = new HashMap<>();
  private final List<Integer> payloads = new ArrayList<>();
  private final List<Throwable> reported = new ArrayList<>();
  private int listenersAdmitted;
  private int listenersEnded;
  private int batchesBegun;
  private int batchesEnded;
  private boolean replicaLost;
  private Batcher<String, Integer, Integer> batcher;

  @Override
  public int applyAsInt(int first, int count) {
    return new ShortageScenario().run(first, count);
  }

  private int run(int first, int count) {
    Thread.UncaughtExceptionHandler before = Thread.currentThread().getUncaughtExceptionHandler();
    Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> reported.add(failure));
    try {
      batcher = new Batcher<>(new BatcherOptions(Duration.ofNanos(100 * MICROS), 2), kind -> new BatchLimits(8, 8, kind.equals("b")),
          List.of(new Device("one", false), new Device("two", true)), timing,
          task -> timing.schedule(timing.nanos() + 5 * MICROS, task), payload -> released.merge(payload, 1, Integer::sum), List.of(this));
      SplittableRandom random = new SplittableRandom(1);
      for (int i = 0; i < REQUESTS; i++) {
        int number = i;
        RequestOptions options = options(number, random);
        timing.schedule(random.nextLong(3_000 * MICROS), () -> submit(number, options, random));
      }
      Shortages.plant(first, count);
      runAll();
      int moments = Shortages.end();
      runAll();
      checkAllEnded();
      int next = REQUESTS + 1;
      CompletableFuture<Integer> after = batcher.submit("a", 1, RequestOptions.DEFAULT, next);
      admitted.put(next, after);
      payloads.add(next);
      runAll();
      assertEquals(next, after.join(), "the next request");
      batcher.close();
      checkAllEnded();
      return moments;
    } finally {
      Shortages.end();
      Thread.currentThread().setUncaughtExceptionHandler(before);
    }
  }

  private void runAll() {
    for (int tasks = 0; timing.runNext(); tasks++) {
      assertTrue(tasks < 100_000, "the batcher turns in circles");
    }
  }

  private static RequestOptions options(int number, SplittableRandom random) {
    RequestOptions plain = RequestOptions.DEFAULT.withCaller("caller " + number % 3).withPriority(Priority.values()[number % 3]);
    return number % 5 == 0 ? plain.withTimeout(Duration.ofNanos(1 + random.nextLong(400 * MICROS))) : plain;
  }

  private void submit(int number, RequestOptions options, SplittableRandom random) {
    String kind = number % 2 == 0 ? "a" : "b";
    CompletableFuture<Integer> future;
    try {
      if (number % 3 == 0) {
        future = batcher.submit(kind, 1 + number % 3, options, number);
        payloads.add(number);
      } else {
        Admission<Integer, Integer> admission = batcher.admit(kind, 1 + number % 4, options);
        future = admission.future();
        timing.schedule(timing.nanos() + random.nextLong(200 * MICROS), () -> prepared(number, admission));
      }
    } catch (OverloadedException | OutOfMemoryError turnedAway) {
      return;
    }
    admitted.put(number, future);
    if (number % 7 == 0) {
      timing.schedule(timing.nanos() + random.nextLong(500 * MICROS), () -> cancel(future));
    }
  }

  /** What was admitted can be ended, however little memory there is: neither call may throw. */
  private void prepared(int number, Admission<Integer, Integer> admission) {
    if (number % 11 == 0) {
      admission.fail(new IllegalArgumentException("cannot be prepared"));
    } else {
      payloads.add(number);
      admission.ready(number);
    }
  }

  private static void cancel(CompletableFuture<Integer> future) {
    try {
      future.cancel(false);
    } catch (OutOfMemoryError notCancelled) {
      // Its caller was told so.
    }
  }

  private void checkAllEnded() {
    assertTrue(batcher.isDrained(), () -> "not drained: " + batcher.snapshot());
    BatcherSnapshot snapshot = batcher.snapshot();
    assertEquals(new BatcherSnapshot(0, 0, 0, 0, 0, replicaLost ? 1 : 2), snapshot);
    admitted.forEach(this::checkEnded);
    for (int payload : payloads) {
      assertEquals(1, released.getOrDefault(payload, 0), "releases of payload " + payload);
    }
    assertEquals(payloads.size(), released.size(), "released payloads");
    assertEquals(admitted.size(), listenersAdmitted, "admissions that the listener heard of");
    assertEquals(admitted.size(), listenersEnded, "ends that the listener heard of");
    assertEquals(batchesBegun, batchesEnded, "ends of batches that the listener heard of");
    assertEquals(List.of(), reported, "reported failures");
  }

  private void checkEnded(int number, CompletableFuture<Integer> future) {
    assertTrue(future.isDone(), "request " + number + " was told nothing");
    if (!future.isCompletedExceptionally()) {
      assertEquals(number, future.join());
      return;
    }
    boolean deserved = switch (future.isCancelled() ? new CancellationException() : future.exceptionNow()) {
      case OutOfMemoryError e -> e.getMessage().startsWith("planted");
      case CancellationException e -> number % 7 == 0;
      case DeadlineExceededException e -> number % 5 == 0;
      case IllegalArgumentException e -> number % 11 == 0;
      case IllegalStateException e -> replicaLost || e.getMessage().equals("failed");
      default -> false;
    };
    assertTrue(deserved, () -> "request " + number + " failed with " + future.exceptionNow());
  }

  /** A device that takes its time; every batch of four fails, and the second one is lost with its third batch. */
  private final class Device implements Replica<String, Integer, Integer> {
    private final String name;
    private final boolean mortal;
    private int batches;

    Device(String name, boolean mortal) {
      this.name = name;
      this.mortal = mortal;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public int lanes() {
      return 2;
    }

    @Override
    public void begin(Batch<String, Integer, Integer> batch) {
      timing.schedule(timing.nanos() + 150 * MICROS, () -> end(batch));
    }

    private void end(Batch<String, Integer, Integer> batch) {
      batches++;
      if (mortal && batches >= 3) {
        batch.lost(new IllegalStateException("gone"));
        return;
      }
      List<Integer> answers;
      try {
        answers = batch.payloads();
      } catch (OutOfMemoryError shortage) {
        batch.failed(shortage);
        return;
      }
      if (answers.size() == 4) {
        batch.failed(new IllegalStateException("failed"));
      } else {
        batch.done(answers);
      }
    }
  }

  @Override
  public void admitted(String kind, Priority priority, int cost) {
    listenersAdmitted++;
  }

  @Override
  public void ended(String kind, Priority priority, Ending ending, long waitNanos, long totalNanos) {
    listenersEnded++;
  }

  @Override
  public void batchBegan(String kind, String replica, int requests, long cost) {
    batchesBegun++;
  }

  @Override
  public void batchEnded(BatchReport<String> report) {
    batchesEnded++;
  }

  @Override
  public void replicaLost(String replica, Throwable cause) {
    replicaLost = true;
  }
}
