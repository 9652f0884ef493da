package org.conceptclip.probe;

import java.util.Arrays;
import java.util.stream.Stream;

/** Matrices of float64 as rows, and as one row behind the other. */
final class Rows {
  private Rows() {}

  /** The rows, one behind the other. */
  static double[] flat(double[][] rows) {
    return Stream.of(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  /** So many rows of equal length from the beginning of {@code flat}. */
  static double[][] split(double[] flat, int rows, int columns) {
    double[][] split = new double[rows][];
    for (int k = 0; k < rows; k++) {
      split[k] = Arrays.copyOfRange(flat, k * columns, (k + 1) * columns);
    }
    return split;
  }
}
