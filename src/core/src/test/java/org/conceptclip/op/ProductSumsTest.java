package org.conceptclip.op;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.conceptclip.tensor.DType;
import org.junit.jupiter.api.Test;

/** Tensor cores' sums are those that were published, and those of a device that was measured. */
class ProductSumsTest {
  private static final double UNIT_BESIDE_ONE = 0x1p-24;

  @Test
  void smallProductsAreAddedTogetherBeforeTheyAreCut() {
    assertEquals(1 + 0x1p-22, ProductSums.HOPPER.dot(row(1, UNIT_BESIDE_ONE), row(1, 1)));
    assertEquals(1, ProductSums.FLOAT32.dot(row(1, UNIT_BESIDE_ONE), row(1, 1)));
  }

  /** Hopper keeps one bit more than Ampere of what it aligns. */
  @Test
  void piecesAreCutOneByOne() {
    assertEquals(1 + 0x1p-23, ProductSums.HOPPER.dot(row(1, UNIT_BESIDE_ONE / 2), row(1, 1)));
    assertEquals(1, ProductSums.AMPERE.dot(row(1, UNIT_BESIDE_ONE / 2), row(1, 1)));
    assertEquals(1, ProductSums.HOPPER.dot(row(1, UNIT_BESIDE_ONE / 4), row(1, 1)));
  }

  @Test
  void sumsAreCutTowardZero() {
    double[] ones = row(1, 1);
    double[] x = new double[16];
    x[0] = -1;
    x[1] = -1.5 * UNIT_BESIDE_ONE;
    assertEquals(-1, ProductSums.HOPPER.dot(x, ones));
  }

  /**
   * An H200 (driver 580, cuBLASLt 13.1) had these errors in two cases of the op contract, with float32 results: the root of the mean
   * squares of the one and the largest of the other. Figures have the digits that its messages showed.
   */
  @Test
  void erringAsAnH200Did() {
    assertEquals(1.405e-6, error(1, 1152, 3456, true), 0.0005e-6);
    assertEquals(2.43e-5, error(3, 4304, 1152, false), 0.005e-5);
  }

  private static double error(int rows, int inputs, int outputs, boolean rootMeanSquare) {
    double[][] x = Rounding.to(DType.F16, Values.normal(4, rows, inputs, 1));
    double[][] weight = Rounding.to(DType.F16, Values.weights(2, outputs, inputs));
    double[] bias = Rounding.to(DType.F16, Values.vector(1, outputs, 0.1, 0.5));
    PlainOps hopper = PlainOps.simulating(DType.F16, ProductSums.HOPPER);
    double[] found = Values.flat(hopper.linear(x, weight, bias, Epilogue.NONE, null, DType.F32));
    double[] truth = Values.flat(PlainOps.exact().linear(x, weight, bias, Epilogue.NONE, null, DType.F32));
    double largest = 0;
    double squares = 0;
    for (int i = 0; i < found.length; i++) {
      double error = Math.abs(found[i] - truth[i]);
      largest = Math.max(largest, error);
      squares += error * error;
    }
    return rootMeanSquare ? Math.sqrt(squares / found.length) : largest;
  }

  /** A first value, then four of another; zeros to the end of a step. */
  private static double[] row(double first, double others) {
    double[] row = new double[16];
    row[0] = first;
    Arrays.fill(row, 1, 5, others);
    return row;
  }
}
