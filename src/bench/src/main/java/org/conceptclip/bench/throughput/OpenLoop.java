package org.conceptclip.bench.throughput;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
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
public final class OpenLoop {
  private static final long UNANSWERED = -1;

  private final Service service;
  private final Clock clock;

  OpenLoop(Service service, Clock clock) {
    this.service = service;
    this.clock = clock;
  }

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

  /** What is under load. */
  public interface Service {
    /**
     * Asks.
     *
     * @param index of the request, from 0
     * @throws OverloadedException if it is rejected
     */
    CompletableFuture<?> submit(int index);
  }

  /**
   * What came of it.
   *
   * @param offered requests that were due
   * @param accepted of them
   * @param refused of them, rejected at submission
   * @param failed accepted ones that ended exceptionally
   * @param latency of those answered, from when they were due
   * @param refusal how long rejected calls took
   * @param lateness of the generator: from due to the call
   * @param seconds from the first due moment to the last answer
   * @param firstFailureOrNull why the first failed
   */
  public record Outcome(
      int offered,
      int accepted,
      int refused,
      int failed,
      LatencySummary latency,
      LatencySummary refusal,
      LatencySummary lateness,
      double seconds,
      Throwable firstFailureOrNull) {}

  /**
   * Runs a load on the system's clock.
   *
   * @param answerSeconds longest wait for the last answers after the last request
   * @throws ContestantFailedException if some are not answered by then
   */
  public static Outcome run(Service service, double ratePerSecond, double seconds, long seed, double answerSeconds) {
    return new OpenLoop(service, Clock.SYSTEM).run(PoissonArrivals.nanos(ratePerSecond, seconds, seed), answerSeconds);
  }

  /** Runs a load of given arrivals, in nanoseconds from now. */
  Outcome run(long[] arrivals, double answerSeconds) {
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
        service.submit(i).whenComplete((result, failure) -> {
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
    return new Outcome(offered, offered - refused, refused, failed.get(), LatencySummary.of(answered),
        LatencySummary.of(Arrays.copyOf(refusal, refused)), LatencySummary.of(lateness), elapsed, firstFailure.get());
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
