package org.conceptclip.probe;

import java.util.Arrays;

/**
 * Mean and deviation of each concept's similarity over the training items: what a standardised similarity is measured by.
 *
 * @param means [M]
 * @param deviations [M], above 0: of the whole set (divided by N); 1 for a concept whose similarity is the same everywhere
 */
record BottleneckScale(double[] means, double[] deviations) {
  /** Below this share of the mean, differences are those of rounding. */
  private static final double SAME = 1e-12;

  /** The scale of these rows [N][M] of {@code all}. */
  static BottleneckScale of(double[][] all, int[] rows) {
    int columns = all[0].length;
    double[] means = new double[columns];
    double[] deviations = new double[columns];
    for (int row : rows) {
      for (int j = 0; j < columns; j++) {
        means[j] += all[row][j] / rows.length;
      }
    }
    for (int row : rows) {
      for (int j = 0; j < columns; j++) {
        double d = all[row][j] - means[j];
        deviations[j] += d * d / rows.length;
      }
    }
    for (int j = 0; j < columns; j++) {
      double deviation = Math.sqrt(deviations[j]);
      deviations[j] = deviation <= SAME * Math.abs(means[j]) ? 1 : deviation;
    }
    return new BottleneckScale(means, deviations);
  }

  /** A row in standard deviations from the mean. */
  double[] standardised(double[] row) {
    double[] result = new double[row.length];
    for (int j = 0; j < row.length; j++) {
      result[j] = (row[j] - means[j]) / deviations[j];
    }
    return result;
  }

  /** Some rows, standardised, one behind the other. */
  double[] standardised(double[][] all, int[] rows) {
    return Arrays.stream(rows).mapToObj(row -> standardised(all[row])).flatMapToDouble(Arrays::stream).toArray();
  }
}
