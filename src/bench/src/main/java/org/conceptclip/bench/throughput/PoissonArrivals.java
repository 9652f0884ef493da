package org.conceptclip.bench.throughput;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Moments at which independent callers ask: gaps are exponential, so requests come in bursts and lulls, as they do from people, and not
 * in step with the answers.
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
          ratePerSecond + " requests a second for " + seconds + " s, expected both above 0 and below 1e8 requests");
    }
    SplittableRandom random = new SplittableRandom(seed);
    long[] arrivals = new long[(int) (ratePerSecond * seconds) + 16];
    int count = 0;
    // 1 - nextDouble() is never 0, so the logarithm is finite.
    for (double at = gap(random, ratePerSecond); at < seconds; at += gap(random, ratePerSecond)) {
      if (count == arrivals.length) {
        arrivals = Arrays.copyOf(arrivals, 2 * count);
      }
      arrivals[count++] = (long) (at * 1e9);
    }
    return Arrays.copyOf(arrivals, count);
  }

  private static double gap(SplittableRandom random, double ratePerSecond) {
    return -Math.log(1 - random.nextDouble()) / ratePerSecond;
  }
}
