package org.conceptclip.bench.throughput;

import java.util.SplittableRandom;
import java.util.stream.DoubleStream;

/**
 * Moments at which independent callers send requests. Gaps are exponential, so requests come in bursts and lulls, as those of people
 * do, and do not depend on the answers.
 */
final class PoissonArrivals {
  private PoissonArrivals() {}

  /**
   * Arrivals from 0 until the end, in nanoseconds, ascending. Equal for equal arguments.
   *
   * @param ratePerSecond mean
   */
  static long[] nanos(double ratePerSecond, double seconds, long seed) {
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
}
