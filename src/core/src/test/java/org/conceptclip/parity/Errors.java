package org.conceptclip.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.conceptclip.tensor.HostTensor;

/**
 * Distance of a tensor from its reference, in the measures that the golden vectors' tolerances are written in.
 *
 * @param maxOverRms largest absolute error over the reference's root mean square
 * @param rmsOverRms root mean square error over the reference's root mean square
 * @param oneMinusCosine 1 - the smallest cosine of a row with its reference row
 * @param maxAbsolute largest absolute error
 */
record Errors(double maxOverRms, double rmsOverRms, double oneMinusCosine, double maxAbsolute) {

  static Errors between(HostTensor found, HostTensor expected) {
    if (found.shape().elements() != expected.shape().elements()) {
      fail("found " + found + ", expected " + expected);
    }
    long columns = Math.max(1, expected.columns());
    double squares = 0;
    double errorSquares = 0;
    double maxError = 0;
    double worstCosine = 1;
    for (long row = 0; row < expected.rows(); row++) {
      double dot = 0;
      double foundSquares = 0;
      double rowSquares = 0;
      for (long c = 0; c < columns; c++) {
        double f = found.getDouble(row * columns + c);
        double e = expected.getDouble(row * columns + c);
        if (!Double.isFinite(f)) {
          fail("element " + c + " of row " + row + " is " + f);
        }
        dot += f * e;
        foundSquares += f * f;
        rowSquares += e * e;
        errorSquares += (f - e) * (f - e);
        maxError = Math.max(maxError, Math.abs(f - e));
      }
      squares += rowSquares;
      worstCosine = Math.min(worstCosine, dot / Math.sqrt(foundSquares * rowSquares));
    }
    double rms = Math.sqrt(squares / expected.shape().elements());
    double errorRms = Math.sqrt(errorSquares / expected.shape().elements());
    return new Errors(maxError / rms, errorRms / rms, 1 - worstCosine, maxError);
  }

  /** Fails unless both relative measures keep their limits; a limit that cannot be missed would prove nothing. */
  void assertWithin(String what, double maxOverRmsLimit, double rmsOverRmsLimit) {
    assertTrue(
        maxOverRms <= maxOverRmsLimit && rmsOverRms <= rmsOverRmsLimit,
        () -> what + ": e_max " + maxOverRms + " (limit " + maxOverRmsLimit + "), e_rms " + rmsOverRms + " (limit "
            + rmsOverRmsLimit + ")");
  }
}
