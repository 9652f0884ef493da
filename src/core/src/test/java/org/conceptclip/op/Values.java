package org.conceptclip.op;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/** Seeded matrices. */
final class Values {
  private Values() {}

  /** Normally distributed with this deviation. */
  static double[][] normal(long seed, int rows, int columns, double deviation) {
    Random random = new Random(seed * 1_000_003 + rows * 31L + columns);
    double[][] values = new double[rows][columns];
    for (double[] row : values) {
      Arrays.setAll(row, i -> deviation * random.nextGaussian());
    }
    return values;
  }

  static double[] vector(long seed, int count, double mean, double deviation) {
    return Arrays.stream(normal(seed, 1, count, deviation)[0]).map(value -> mean + value).toArray();
  }

  /** A matrix whose products with rows of deviation 1 have about deviation 1. */
  static double[][] weights(long seed, int outputs, int inputs) {
    return normal(seed, outputs, inputs, 1 / Math.sqrt(inputs));
  }

  /** Values from {@code first} to {@code last} in equal steps, as one column. */
  static double[][] column(double first, double last, int count) {
    double[][] values = new double[count][1];
    Arrays.setAll(values, i -> new double[] {first + (last - first) * i / (count - 1)});
    return values;
  }

  /** Rows of the longest sequence. */
  static int maxRows(Sequences sequences) {
    return IntStream.range(0, sequences.count()).map(sequences::rows).max().orElse(0);
  }

  static double[] flat(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  static double[][] shaped(double[] values, int rows) {
    int columns = values.length / rows;
    double[][] matrix = new double[rows][];
    Arrays.setAll(matrix, row -> Arrays.copyOfRange(values, row * columns, (row + 1) * columns));
    return matrix;
  }
}
