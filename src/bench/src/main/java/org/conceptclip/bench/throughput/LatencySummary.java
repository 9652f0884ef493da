package org.conceptclip.bench.throughput;

import java.util.Arrays;
import java.util.List;

/**
 * How long requests took. Every value is kept and sorted: a run has some thousands, so they need not be put into bins.
 *
 * @param sorted nanoseconds, ascending; the record's own
 */
public record LatencySummary(long[] sorted) {
  /** Where a curve is drawn: shares of the requests that were answered by then. */
  public static final List<Double> QUANTILES =
      List.of(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0);

  /** Of these, in any order. */
  public static LatencySummary of(long[] nanos) {
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    return new LatencySummary(sorted);
  }

  public int count() {
    return sorted.length;
  }

  /**
   * The smallest value that a share of at least {@code quantile} does not exceed (nearest rank: a percentile is a latency that a request
   * had). Not a number when there are none.
   */
  public double nanos(double quantile) {
    if (!(quantile >= 0 && quantile <= 1)) {
      throw new IllegalArgumentException("quantile is " + quantile + ", expected 0 to 1");
    }
    if (sorted.length == 0) {
      return Double.NaN;
    }
    // 1e-9: 0.07 * 100 is a hair above 7 in binary, and must not become rank 8.
    int rank = (int) Math.ceil(quantile * sorted.length - 1e-9);
    return sorted[Math.max(1, rank) - 1];
  }

  public double millis(double quantile) {
    return nanos(quantile) / 1e6;
  }

  /** Milliseconds at {@link #QUANTILES}. */
  public double[] curveMillis() {
    return QUANTILES.stream().mapToDouble(this::millis).toArray();
  }
}
