package org.conceptclip.bench.throughput;

import org.conceptclip.bench.Statistics;

/**
 * How two contestants of the same rounds compare: quartiles of the ratios round by round. Whatever slows a shared machine for a round
 * slows both of a pair, so these are narrower than the ratio of two medians allows.
 *
 * @param median of the rounds' ratios
 * @param low their lower quartile
 * @param high their upper quartile
 */
public record Ratio(double median, double low, double high) {

  /**
   * Ratios of values that were measured in the same rounds.
   *
   * @param over one value per round
   * @param under of the other contestant, in the order of the same rounds
   */
  public static Ratio paired(double[] over, double[] under) {
    if (over.length != under.length) {
      throw new IllegalArgumentException(over.length + " and " + under.length + " rounds are not pairs");
    }
    double[] ratios = new double[over.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = over[i] / under[i];
    }
    Statistics statistics = Statistics.of(ratios);
    return new Ratio(statistics.median(), statistics.lowerQuartile(), statistics.upperQuartile());
  }
}
