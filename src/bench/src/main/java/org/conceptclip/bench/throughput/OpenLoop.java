package org.conceptclip.bench.throughput;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.conceptclip.batch.OverloadedException;
import org.conceptclip.bench.ContestantFailedException;

/**
 * Open-loop load: requests are sent at moments fixed beforehand, whether or not the ones before were answered.
 *
 * <p>Latency counts from the moment at which a request was due. A generator that is late (because the machine is busy, or a submission
 * blocks) therefore shows up in the figures; one that waits for answers, or counts from the moment of submission, would leave out
 * exactly the requests that a stall hurts ("coordinated omission").
 */
final class OpenLoop {
  private static final long UNANSWERED = -1;

  private OpenLoop() {}

  /** The clock of an open-loop load: the system's, or a test's. */
  interface Clock {
    /** {@link System#nanoTime}. It sleeps: a loop that spins until then would take a core from what is measured. */
    Clock SYSTEM = new Clock() {
      @Override
      public long nanos() {
        return System.nanoTime();
      }

      @Override
      public void sleepUntil(long nanos) {
        for (long left = nanos - System.nanoTime(); left > 0; left = nanos - System.nanoTime()) {
          if (Thread.interrupted()) {
            throw new ContestantFailedException("interrupted while load was generated");
          }
          LockSupport.parkNanos(left);
        }
      }
    };

    long nanos();

    /** Returns at this moment or later, at once when it has passed. */
    void sleepUntil(long nanos);
  }

  /**
   * What came of it.
   *
   * @param offered requests that were due
   * @param failed accepted ones that ended exceptionally
   * @param latency of those answered, from when they were due
   * @param refusal how long rejected calls took
   * @param lateness of the generator: from due to the call
   * @param seconds from the first due moment to the last answer
   * @param firstFailureOrNull why the first failed
   */
  record Outcome(
      int offered,
      int failed,
      LatencySummary latency,
      LatencySummary refusal,
      LatencySummary lateness,
      double seconds,
      Throwable firstFailureOrNull) {
    /** Requests that were rejected at submission. */
    int refused() {
      return refusal.count();
    }

    int accepted() {
      return offered - refused();
    }
  }

  /**
   * The moments at which independent callers send requests, from 0 until the end, in nanoseconds, ascending. Gaps are exponential, so
   * requests come in bursts and lulls, as those of people do, and do not depend on the answers. Equal for equal arguments.
   *
   * @param ratePerSecond mean
   */
  static long[] arrivals(double ratePerSecond, double seconds, long seed) {
    if (!(ratePerSecond > 0 && seconds > 0 && ratePerSecond * seconds < 1e8)) {
      throw new IllegalArgumentException(
          ratePerSecond + " requests per second for " + seconds + " s, expected both above 0 and below 1e8 requests");
    }
    SplittableRandom random = new SplittableRandom(seed);
    return DoubleStream.iterate(gap(random, ratePerSecond), at -> at < seconds, at -> at + gap(random, ratePerSecond))
        .mapToLong(at -> (long) (at * 1e9)).toArray();
  }

  private static double gap(SplittableRandom random, double ratePerSecond) {
    // 1 - nextDouble() is never 0, so the logarithm is finite.
    return -Math.log(1 - random.nextDouble()) / ratePerSecond;
  }

  /**
   * Runs a load.
   *
   * @param service takes the index of a request, from 0, and submits it; throws {@link OverloadedException} to reject it
   * @param arrivals of the requests, in nanoseconds from now
   * @param answerSeconds longest wait for the last answers after the last request
   * @throws ContestantFailedException if some are not answered by then
   */
  static Outcome run(IntFunction<CompletableFuture<?>> service, Clock clock, long[] arrivals, double answerSeconds) {
    int offered = arrivals.length;
    AtomicLongArray latency = new AtomicLongArray(offered);
    long[] refusal = new long[offered];
    long[] lateness = new long[offered];
    AtomicInteger failed = new AtomicInteger();
    AtomicReference<Throwable> firstFailure = new AtomicReference<>();
    CountDownLatch open = new CountDownLatch(offered);
    int refused = 0;
    long begin = clock.nanos();
    for (int i = 0; i < offered; i++) {
      int index = i;
      long due = begin + arrivals[i];
      clock.sleepUntil(due);
      long called = clock.nanos();
      lateness[i] = called - due;
      latency.set(i, UNANSWERED);
      try {
        service.apply(i).whenComplete((result, failure) -> {
          if (failure == null) {
            latency.set(index, clock.nanos() - due);
          } else {
            failed.incrementAndGet();
            firstFailure.compareAndSet(null, failure);
          }
          open.countDown();
        });
      } catch (OverloadedException refusedNow) {
        refusal[refused++] = clock.nanos() - called;
        open.countDown();
      }
    }
    await(open, answerSeconds);
    double elapsed = (clock.nanos() - begin) / 1e9;
    long[] answered = IntStream.range(0, offered).mapToLong(latency::get).filter(nanos -> nanos != UNANSWERED).toArray();
    return new Outcome(offered, failed.get(), LatencySummary.of(answered), LatencySummary.of(Arrays.copyOf(refusal, refused)),
        LatencySummary.of(lateness), elapsed, firstFailure.get());
  }

  private static void await(CountDownLatch open, double seconds) {
    try {
      if (!open.await((long) (seconds * 1e9), TimeUnit.NANOSECONDS)) {
        throw new ContestantFailedException(open.getCount() + " requests not answered " + seconds + " s after the last was due");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContestantFailedException("interrupted while answers were awaited", e);
    }
  }
}
