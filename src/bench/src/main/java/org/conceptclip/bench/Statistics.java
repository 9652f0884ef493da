package org.conceptclip.bench;

import java.util.Arrays;

/**
 * Summary of repeated timings: the median and the quartiles around it, which outliers of a shared machine hardly move.
 *
 * @param median in the unit of the samples
 * @param lowerQuartile a quarter of the samples lie below
 * @param upperQuartile a quarter of the samples lie above
 * @param count samples
 */
public record Statistics(double median, double lowerQuartile, double upperQuartile, int count) {

  /** Statistics of at least one sample; quantiles between samples are interpolated linearly. */
  public static Statistics of(double... samples) {
    if (samples.length == 0) {
      throw new IllegalArgumentException("no samples");
    }
    double[] sorted = samples.clone();
    Arrays.sort(sorted);
    return new Statistics(quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75), sorted.length);
  }

  /** The same in a unit that is {@code factor} of these. */
  public Statistics scaled(double factor) {
    return new Statistics(median * factor, lowerQuartile * factor, upperQuartile * factor, count);
  }

  private static double quantile(double[] sorted, double q) {
    double place = q * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }
}
