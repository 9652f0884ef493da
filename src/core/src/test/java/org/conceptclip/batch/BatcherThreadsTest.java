package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The batcher with real threads and the real clock: what the simulation, which has one thread, cannot show. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BatcherThreadsTest {
  private static final RequestOptions PLAIN = RequestOptions.DEFAULT;

  private final SystemTiming timing = new SystemTiming();
  private final ExecutorService completions = Executors.newSingleThreadExecutor();
  private final ExecutorService devices = Executors.newCachedThreadPool();
  private final AtomicInteger released = new AtomicInteger();

  @AfterEach
  void end() throws InterruptedException {
    timing.close();
    completions.shutdown();
    devices.shutdown();
    assertTrue(completions.awaitTermination(10, TimeUnit.SECONDS));
    assertTrue(devices.awaitTermination(10, TimeUnit.SECONDS));
  }

  /** Answers each number with its double, once the gate is open. */
  private final class Doubler implements Replica<String, Integer, Integer> {
    final CountDownLatch gate;
    final AtomicInteger computed = new AtomicInteger();

    Doubler(CountDownLatch gate) {
      this.gate = gate;
    }

    @Override
    public String name() {
      return "doubler";
    }

    @Override
    public int lanes() {
      return 1;
    }

    @Override
    public void begin(Batch<String, Integer, Integer> batch) {
      devices.execute(() -> {
        try {
          gate.await();
        } catch (InterruptedException e) {
          batch.failed(e);
          return;
        }
        computed.addAndGet(batch.payloads().size());
        batch.done(batch.payloads().stream().map(number -> 2 * number).toList());
      });
    }
  }

  private Batcher<String, Integer, Integer> batcher(double queueBatches, Doubler... replicas) {
    return new Batcher<>(new BatcherOptions(Duration.ofMillis(1), queueBatches), kind -> new BatchLimits(16, 16, false),
        List.of(replicas), timing, completions, payload -> released.incrementAndGet(), List.of());
  }

  private static CountDownLatch open() {
    return new CountDownLatch(0);
  }

  @Test
  void manyThreadsEachGetTheirOwnAnswers() throws Exception {
    Doubler first = new Doubler(open());
    Doubler second = new Doubler(open());
    int threads = 8;
    int each = 4000;
    Batcher<String, Integer, Integer> batcher = batcher(4, first, second);
    try (ExecutorService callers = Executors.newFixedThreadPool(threads)) {
      List<Future<Integer>> sums = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        SplittableRandom random = new SplittableRandom(t);
        RequestOptions options = PLAIN.withCaller("caller " + t % 3).withPriority(Priority.values()[t % 3]);
        sums.add(callers.submit(() -> answers(batcher, random, options, each)));
      }
      int right = 0;
      for (Future<Integer> sum : sums) {
        right += sum.get();
      }
      batcher.close();
      assertEquals(threads * each, right + cancelled.get());
      assertEquals(threads * each, released.get());
      assertTrue(first.computed.get() > 0 && second.computed.get() > 0, first.computed + " and " + second.computed);
      assertTrue(batcher.isDrained());
    }
  }

  private final AtomicInteger cancelled = new AtomicInteger();

  /** Right answers; some requests are cancelled at random moments. */
  private int answers(Batcher<String, Integer, Integer> batcher, SplittableRandom random, RequestOptions options, int count)
      throws InterruptedException, ExecutionException {
    int right = 0;
    for (int i = 0; i < count; i++) {
      int number = random.nextInt();
      Admission<Integer, Integer> admission = batcher.admitWhenRoom("kind " + number % 2, 1 + random.nextInt(4), options);
      CompletableFuture<Integer> future = admission.future();
      if (random.nextInt(8) == 0) {
        admission.ready(number);
        if (future.cancel(false)) {
          cancelled.incrementAndGet();
          continue;
        }
      } else {
        admission.ready(number);
      }
      assertEquals(2 * number, future.get());
      right++;
    }
    return right;
  }

  @Test
  void waitingForRoomEndsWithTheTimeoutWithRoomAndWithAnInterrupt() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    try (Batcher<String, Integer, Integer> batcher = batcher(1, new Doubler(gate))) {
      List<CompletableFuture<Integer>> full = new ArrayList<>();
      for (int i = 0; i < 32; i++) {
        full.add(batcher.submit("kind", 1, PLAIN, i));
      }
      assertThrows(OverloadedException.class, () -> batcher.admit("kind", 1, PLAIN));
      assertThrows(DeadlineExceededException.class,
          () -> batcher.admitWhenRoom("kind", 1, PLAIN.withTimeout(Duration.ofMillis(20))));
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, () -> batcher.admitWhenRoom("kind", 1, PLAIN));
      CompletableFuture<Thread> waiter = new CompletableFuture<>();
      Future<Integer> late = devices.submit(() -> {
        waiter.complete(Thread.currentThread());
        Admission<Integer, Integer> admission = batcher.admitWhenRoom("kind", 1, PLAIN);
        admission.ready(100);
        return admission.future().get();
      });
      waitUntilBlocked(waiter.get());
      gate.countDown();
      assertEquals(200, late.get());
      for (int i = 0; i < full.size(); i++) {
        assertEquals(2 * i, full.get(i).get());
      }
    }
  }

  private static void waitUntilBlocked(Thread thread) {
    while (thread.getState() != Thread.State.WAITING && thread.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
  }

  @Test
  void closingAnswersWhatWasAcceptedAndRefusesTheRest() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    Batcher<String, Integer, Integer> batcher = batcher(1, new Doubler(gate));
    List<CompletableFuture<Integer>> accepted = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      accepted.add(batcher.submit("kind", 1, PLAIN, i));
    }
    CompletableFuture<Thread> closer = new CompletableFuture<>();
    Future<?> closing = devices.submit(() -> {
      closer.complete(Thread.currentThread());
      batcher.close();
    });
    waitUntilBlocked(closer.get());
    assertThrows(BatcherClosedException.class, () -> batcher.submit("kind", 1, PLAIN, 1));
    assertThrows(BatcherClosedException.class, () -> batcher.admitWhenRoom("kind", 1, PLAIN));
    assertFalse(closing.isDone());
    gate.countDown();
    closing.get();
    for (int i = 0; i < accepted.size(); i++) {
      assertEquals(2 * i, accepted.get(i).getNow(null));
    }
    batcher.close();
  }

  @Test
  void anInterruptedCloseDropsWhatHasNotBegun() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    Batcher<String, Integer, Integer> batcher = batcher(1, new Doubler(gate));
    List<CompletableFuture<Integer>> futures = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      futures.add(batcher.submit("kind", 1, PLAIN, i));
    }
    CompletableFuture<Thread> closer = new CompletableFuture<>();
    Future<Boolean> closing = devices.submit(() -> {
      closer.complete(Thread.currentThread());
      batcher.close();
      return Thread.currentThread().isInterrupted();
    });
    waitUntilBlocked(closer.get());
    closer.get().interrupt();
    ExecutionException dropped = assertThrows(ExecutionException.class, () -> futures.getLast().get());
    assertInstanceOf(BatcherClosedException.class, dropped.getCause());
    assertFalse(futures.getFirst().isDone());
    gate.countDown();
    assertTrue(closing.get(), "the interrupt was lost");
    assertEquals(0, futures.getFirst().get());
    assertEquals(32, released.get());
  }

  @Test
  void closingFromACallbackIsRefusedInsteadOfHanging() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    Batcher<String, Integer, Integer> batcher = batcher(1, new Doubler(gate));
    CompletableFuture<Void> closed = batcher.submit("kind", 1, PLAIN, 1).thenAccept(unused -> batcher.close());
    gate.countDown();
    Throwable failure = assertThrows(ExecutionException.class, closed::get).getCause();
    assertInstanceOf(IllegalStateException.class, failure);
    batcher.close();
  }

  @Test
  void aTimeoutOfManyYearsDoesNotExpireAtOnce() throws Exception {
    try (Batcher<String, Integer, Integer> batcher = batcher(1, new Doubler(open()))) {
      for (Duration timeout : List.of(Duration.ofNanos(Long.MAX_VALUE), Duration.ofDays(200_000), Duration.ofSeconds(Long.MAX_VALUE))) {
        assertEquals(10, batcher.submit("kind", 1, PLAIN.withTimeout(timeout), 5).get());
        Admission<Integer, Integer> admission = batcher.admitWhenRoom("kind", 1, PLAIN.withTimeout(timeout));
        admission.ready(6);
        assertEquals(12, admission.future().get());
      }
    }
  }

  /** Submits and cancels with ever less room on the stack: either the call fails, or it does all of its work. */
  @Test
  void aStackThatIsUsedUpCostsTheCallOnly() throws Exception {
    Batcher<String, Integer, Integer> batcher = batcher(1000, new Doubler(open()));
    List<CompletableFuture<Integer>> futures = new ArrayList<>();
    AtomicInteger overflows = new AtomicInteger();
    // Classes must not be initialised for the first time where the stack ends.
    batcher.submit("kind", 1, PLAIN, 1).cancel(false);
    List<Throwable> unexpected = new ArrayList<>();
    Thread caller = new Thread(null, () -> dive(new AtomicInteger(2000), overflows, () -> {
      CompletableFuture<Integer> future = batcher.submit("kind", 1, PLAIN, 1);
      futures.add(future);
      future.cancel(false);
    }), "shallow", 400_000);
    caller.setUncaughtExceptionHandler((thread, failure) -> unexpected.add(failure));
    caller.start();
    caller.join();
    assertEquals(List.of(), unexpected);
    assertTrue(overflows.get() > 10 && futures.size() > 10, overflows + " overflows, " + futures.size() + " requests");
    assertEquals(84, batcher.submit("kind", 1, PLAIN, 42).get());
    batcher.close();
    // A submission that overflowed has left nothing behind, so the requests that were admitted are those whose futures were returned.
    assertEquals(futures.size() + 2, released.get());
    futures.forEach(future -> assertTrue(future.isDone()));
    assertEquals(0, batcher.snapshot().heldBatches());
  }

  /** Descends to the end of the stack, and tries at every frame on the way back, as often as wanted. */
  private static void dive(AtomicInteger attemptsLeft, AtomicInteger overflows, Runnable attempt) {
    try {
      dive(attemptsLeft, overflows, attempt);
    } catch (StackOverflowError end) {
      // From here on there is ever more room.
    }
    if (attemptsLeft.get() > 0) {
      try {
        attemptsLeft.decrementAndGet();
        attempt.run();
      } catch (StackOverflowError expected) {
        overflows.incrementAndGet();
      }
    }
  }
}
