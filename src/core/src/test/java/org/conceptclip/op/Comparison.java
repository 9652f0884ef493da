package org.conceptclip.op;

import org.conceptclip.tensor.DType;

/**
 * The tolerance of the op contract, derived for each case: what a backend errs against float64 may be at most twice what the
 * plain same-precision computation errs, plus two roundings of the largest value (the plain one is sometimes lucky). The same
 * holds for the root of the mean squares, which a systematic fault moves more than the maximum.
 *
 * <p>In float64 the plain computation is as good as the truth, so the second term is the limit: 1e-12 of the largest value.
 */
final class Comparison {
  private static final double FLOAT64_RELATIVE = 1e-12;
  private static final double TIMES_PLAIN = 2;
  private static final double ROUNDINGS = 2;

  private Comparison() {}

  /** @param type storage type of the output */
  static void check(String what, double[][] found, double[][] truth, double[][] plain, DType type) {
    checkSize(what, found, truth);
    checkFinite(what, found);
    Error error = Error.of(found, truth);
    Error allowed = Error.of(plain, truth);
    double relative = type == DType.F64 ? FLOAT64_RELATIVE : ROUNDINGS * Rounding.unit(type);
    double limit = TIMES_PLAIN * allowed.largest() + relative * error.scale() + Rounding.smallest(type);
    if (!(error.largest() <= limit)) {
      throw new AssertionError(what + ": row " + error.row() + " column " + error.column() + " is "
          + found[error.row()][error.column()] + ", expected " + truth[error.row()][error.column()] + "; error "
          + error.largest() + " above " + limit + " = 2 * " + allowed.largest() + " (plain " + type + ") + "
          + relative + " * " + error.scale());
    }
    double rmsLimit =
        TIMES_PLAIN * allowed.rootMeanSquare() + relative * error.scaleRootMeanSquare() + Rounding.smallest(type);
    if (!(error.rootMeanSquare() <= rmsLimit)) {
      throw new AssertionError(what + ": root of mean squared error " + error.rootMeanSquare() + " above " + rmsLimit
          + " = 2 * " + allowed.rootMeanSquare() + " (plain " + type + ") + " + relative + " * "
          + error.scaleRootMeanSquare());
    }
  }

  /**
   * For results in codes of F8_E4M3: each is the code of the truth, or of a number that is no further from it than a result in
   * {@code before} may be. So the neighbour of the right code is only found near the middle between both.
   *
   * @param plain what a plain computation gets before it rounds to codes
   * @param before what precision the results have before they are rounded to codes
   * @param more absolute error that is allowed on top
   */
  static void checkCodes(
      String what, double[][] found, double[][] truth, double[][] plain, DType before, float scale, double more) {
    checkSize(what, found, truth);
    checkFinite(what, found);
    Error allowed = Error.of(plain, truth);
    double error = TIMES_PLAIN * allowed.largest() + ROUNDINGS * Rounding.unit(before) * allowed.scale() + more;
    for (int row = 0; row < truth.length; row++) {
      for (int i = 0; i < truth[row].length; i++) {
        double least = Rounding.toCode(scale, truth[row][i] - error);
        double most = Rounding.toCode(scale, truth[row][i] + error);
        if (!(found[row][i] >= least && found[row][i] <= most)) {
          throw new AssertionError(what + ": row " + row + " column " + i + " is " + found[row][i] + ", expected the code of "
              + truth[row][i] + ", from " + least + " to " + most + " (error " + error + " = 2 * " + allowed.largest() + " (plain) + "
              + (error - TIMES_PLAIN * allowed.largest()) + ")");
        }
      }
    }
  }

  /** Bit for bit. */
  static void checkIdentical(String what, double[][] found, double[][] expected) {
    checkSize(what, found, expected);
    checkFinite(what, found);
    for (int row = 0; row < found.length; row++) {
      for (int i = 0; i < found[row].length; i++) {
        if (Double.doubleToRawLongBits(found[row][i]) != Double.doubleToRawLongBits(expected[row][i])) {
          throw new AssertionError(what + ": row " + row + " column " + i + " is " + found[row][i]
              + ", expected the identical " + expected[row][i]);
        }
      }
    }
  }

  private static void checkSize(String what, double[][] found, double[][] expected) {
    if (found.length != expected.length || found[0].length != expected[0].length) {
      throw new AssertionError(what + ": " + found.length + " x " + found[0].length + ", expected " + expected.length
          + " x " + expected[0].length);
    }
  }

  private static void checkFinite(String what, double[][] found) {
    for (int row = 0; row < found.length; row++) {
      for (int i = 0; i < found[row].length; i++) {
        if (!Double.isFinite(found[row][i])) {
          throw new AssertionError(what + ": row " + row + " column " + i + " is " + found[row][i]);
        }
      }
    }
  }

  /** How far values are from the truth, and how large the truth is. */
  private record Error(
      double largest, int row, int column, double rootMeanSquare, double scale, double scaleRootMeanSquare) {
    static Error of(double[][] values, double[][] truth) {
      double largest = -1;
      int atRow = 0;
      int atColumn = 0;
      double squares = 0;
      double scale = 0;
      double scaleSquares = 0;
      for (int row = 0; row < truth.length; row++) {
        for (int i = 0; i < truth[row].length; i++) {
          double error = Math.abs(values[row][i] - truth[row][i]);
          if (error > largest) {
            largest = error;
            atRow = row;
            atColumn = i;
          }
          squares += error * error;
          scale = Math.max(scale, Math.abs(truth[row][i]));
          scaleSquares += truth[row][i] * truth[row][i];
        }
      }
      double count = (double) truth.length * truth[0].length;
      return new Error(
          largest, atRow, atColumn, Math.sqrt(squares / count), scale, Math.sqrt(scaleSquares / count));
    }
  }
}
