package org.conceptclip.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/** What happens before the rounds that count. */
public sealed interface WarmUp {
  /** Rounds of a contestant that are interleaved with the others' and thrown away. */
  int rounds();

  /** Rounds like those that count. */
  record InRounds(int rounds) implements WarmUp {}

  /**
   * Each contestant runs by itself until its speed holds still: until the median times of two windows, one after the other, differ by at
   * most a bound. A JVM compiles for seconds what it runs, and a GPU takes as long to reach its clocks, so a number of runs cannot be right
   * for all.
   *
   * @param windowNanos time of a window; it ends with the run that reaches it
   * @param bound largest difference of the medians, relative to the smaller one
   * @param limitNanos after this time it ends, steady or not
   */
  record UntilSteady(long windowNanos, double bound, long limitNanos) implements WarmUp {
    private static final long HALF_A_SECOND = 500_000_000;
    private static final double TWO_PERCENT = 0.02;

    /** Windows of half a second whose medians agree within 2 %. */
    public static UntilSteady within(Duration limit) {
      return new UntilSteady(HALF_A_SECOND, TWO_PERCENT, limit.toNanos());
    }

    public UntilSteady {
      if (windowNanos < 1 || !(bound > 0) || limitNanos < 1) {
        throw new IllegalArgumentException("a window of " + windowNanos + " ns, a bound of " + bound + " and a limit of " + limitNanos
            + " ns, expected more than 0 of each");
      }
    }

    @Override
    public int rounds() {
      return 0;
    }

    /** Runs a contestant at least once. The clock gives nanoseconds. */
    Warmed warm(Contestant contestant, LongSupplier clock) {
      long begin = clock.getAsLong();
      long windowBegin = begin;
      double before = Double.NaN;
      List<Double> window = new ArrayList<>();
      while (true) {
        Contestant.Sample sample = contestant.run();
        window.add((double) sample.nanos());
        long now = clock.getAsLong();
        if (now - windowBegin >= windowNanos) {
          double median = Statistics.of(window.stream().mapToDouble(Double::doubleValue).toArray()).median();
          if (Math.abs(median - before) <= bound * Math.min(median, before)) {
            return new Warmed(true, now - begin, sample);
          }
          before = median;
          windowBegin = now;
          window.clear();
        }
        if (now - begin >= limitNanos) {
          return new Warmed(false, now - begin, sample);
        }
      }
    }
  }

  /** How a contestant's warming up ended: whether it was steady, after how long, and its last run. */
  record Warmed(boolean steady, long nanos, Contestant.Sample last) {
    /** For rows. */
    String words() {
      return String.format(Locale.ROOT, "%s after %.1f s", steady ? "steady" : "not steady", nanos / 1e9);
    }
  }
}
