package org.conceptclip.op;

/**
 * How a device adds the products of a matrix product, for the plain computation that the op contract takes as the measure.
 *
 * <p>Tensor cores do not add as IEEE 754 does. All products of a step are exact; they and the sum so far are aligned to the largest
 * exponent among them, cut toward zero to a fixed number of fraction bits, and added exactly; the new sum is cut toward zero to float32, or
 * to fewer bits. Source: Xie et al., "MMA-Sim: Bit-Accurate Reference Model of Tensor Cores and Matrix Cores", arXiv:2511.10909 (2025).
 */
public enum ProductSums {
  /** Each product and each sum is rounded to float32, one after the other. */
  FLOAT32(1, 0, 23, 0),
  /** Compute capability 8.0 to 8.9: float16 products in steps of 8, 24 fraction bits. */
  AMPERE(8, 24, 23, -14),
  /** Compute capability 9.0 and newer: float16 products in steps of 16, 25 fraction bits. */
  HOPPER(16, 25, 23, -14),
  /** Compute capability 9.0: products of codes of F8_E4M3 in steps of 32; 13 fraction bits, and the sum has no more. */
  HOPPER_E4M3(32, 13, 13, -6);

  private static final int FLOAT32_SMALLEST_EXPONENT = -126;
  private static final int DOUBLE_FRACTION_BITS = 52;

  private final int step;
  private final int fractionBits;
  private final int resultBits;
  private final int smallestExponent;

  ProductSums(int step, int fractionBits, int resultBits, int smallestExponent) {
    this.step = step;
    this.fractionBits = fractionBits;
    this.resultBits = resultBits;
    this.smallestExponent = smallestExponent;
  }

  /** Those of a device of this compute capability: 90 for 9.0. */
  public static ProductSums ofCapability(int capability) {
    return capability >= 90 ? HOPPER : AMPERE;
  }

  /** The dot product of float16 vectors, or of the numbers of codes without their scales. */
  double dot(double[] a, double[] b) {
    double sum = 0;
    for (int first = 0; first < a.length; first += step) {
      int end = Math.min(first + step, a.length);
      sum = this == FLOAT32 ? (float) (sum + (float) (a[first] * b[first])) : add(sum, a, b, first, end);
    }
    return sum;
  }

  private double add(double before, double[] a, double[] b, int first, int end) {
    int largest = exponent(before, FLOAT32_SMALLEST_EXPONENT);
    for (int i = first; i < end; i++) {
      if (a[i] != 0 && b[i] != 0) {
        largest = Math.max(largest, exponent(a[i], smallestExponent) + exponent(b[i], smallestExponent));
      }
    }
    double perUnit = Math.scalb(1.0, fractionBits - largest);
    double pieces = (long) (before * perUnit);
    for (int i = first; i < end; i++) {
      pieces += (long) (a[i] * b[i] * perUnit);
    }
    return Double.longBitsToDouble(Double.doubleToRawLongBits(pieces / perUnit) & ~((1L << DOUBLE_FRACTION_BITS - resultBits) - 1));
  }

  private static int exponent(double value, int smallest) {
    return Math.max(smallest, Math.getExponent(value));
  }
}
