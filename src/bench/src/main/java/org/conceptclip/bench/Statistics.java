package org.conceptclip.bench;

import java.util.Arrays;

/**
 * Summary of repeated measurements: the median and the quartiles around it, which outliers of a shared machine hardly move.
 *
 * @param median in the unit of the samples
 * @param low lower quartile: a quarter of the samples lie below
 * @param high upper quartile: a quarter of the samples lie above
 */
public record Statistics(double median, double low, double high) {

  /** Statistics of at least one sample; quantiles between samples are interpolated linearly. */
  public static Statistics of(double... samples) {
    if (samples.length == 0) {
      throw new IllegalArgumentException("no samples");
    }
    double[] sorted = samples.clone();
    Arrays.sort(sorted);
    return new Statistics(quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75));
  }

  /**
   * Statistics of the ratios of two contestants round by round. Whatever slows a shared machine for a round slows both of a pair, so the
   * quartiles are narrower than those of the ratio of two medians.
   *
   * @param over one value per round
   * @param under of the other contestant, in the order of the same rounds
   */
  public static Statistics ofRatios(double[] over, double[] under) {
    if (over.length != under.length) {
      throw new IllegalArgumentException(over.length + " and " + under.length + " rounds are not pairs");
    }
    double[] ratios = new double[over.length];
    Arrays.setAll(ratios, round -> over[round] / under[round]);
    return of(ratios);
  }

  /** The same in a unit that is {@code factor} of these. */
  public Statistics scaled(double factor) {
    return new Statistics(median * factor, low * factor, high * factor);
  }

  private static double quantile(double[] sorted, double q) {
    double place = q * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }
}
