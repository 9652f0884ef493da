package org.conceptclip.image;

/**
 * One axis of Pillow's antialiased bicubic resampling: for each output position the range of input positions ("taps") and
 * their fixed-point weights, about 4 integers per input position where the axis shrinks.
 *
 * <p>Keys's kernel with a = -0.5, widened by the scale when shrinking; weights normalised in float64, then rounded to
 * multiples of 2^-22. The order of the float64 operations is part of the contract: it decides the last bit. Nobody writes to the arrays.
 */
final class BicubicFilter {
  /** Fraction bits of a weight. */
  static final int PRECISION_BITS = 22;

  /** Half, in the scale of a weighted sum: added before the shift so that it rounds. */
  static final int ROUNDING = 1 << (PRECISION_BITS - 1);

  final int inputs;
  final int outputs;

  /** First tap of each output position. Never falls as the position rises. */
  final int[] first;

  /** One past the last tap of each output position. Never falls as the position rises. */
  final int[] end;

  /** For each output position the weights of its taps, in units of 2^-22. */
  final int[][] weights;

  /** Most taps that any output position has. */
  final int mostTaps;

  BicubicFilter(int inputs, int outputs) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.first = new int[outputs];
    this.end = new int[outputs];
    this.weights = new int[outputs][];
    double scale = (double) inputs / outputs;
    double widening = Math.max(scale, 1.0);
    double support = 2.0 * widening;
    double kernelStep = 1.0 / widening;
    double[] exact = new double[(int) Math.min(inputs, 2 * support + 2)];
    int most = 0;
    for (int output = 0; output < outputs; output++) {
      double center = (output + 0.5) * scale;
      first[output] = Math.max((int) (center - support + 0.5), 0);
      end[output] = Math.min((int) (center + support + 0.5), inputs);
      int taps = end[output] - first[output];
      most = Math.max(most, taps);
      double sum = 0;
      for (int tap = 0; tap < taps; tap++) {
        exact[tap] = kernel((tap + first[output] - center + 0.5) * kernelStep);
        sum += exact[tap];
      }
      weights[output] = new int[taps];
      for (int tap = 0; tap < taps; tap++) {
        double weight = sum != 0 ? exact[tap] / sum : exact[tap];
        weights[output][tap] = (int) (weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
      }
    }
    mostTaps = most;
  }

  /** Whether input and output have the same extent, so that resampling changes nothing. */
  boolean isIdentity() {
    return inputs == outputs;
  }

  /** Rounds a weighted sum (which includes {@link #ROUNDING}) to 0..255. */
  static int toUnsignedByte(int sum) {
    // Not Math.clamp, which takes a long and so keeps the JIT from vector code.
    return Math.max(0, Math.min(255, sum >> PRECISION_BITS));
  }

  /**
   * Adds a weighted row to sums. All arrays have one length and are indexed alike: with an offset into one of them the JIT of JDK 25 must
   * assume that they overlap, and makes no vector code.
   */
  static void add(int[] row, int weight, int[] sums) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += row[i] * weight;
    }
  }

  /** Four at once: the sums are loaded and stored once. */
  static void add(
      int[] row0, int weight0, int[] row1, int weight1, int[] row2, int weight2, int[] row3, int weight3, int[] sums) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += row0[i] * weight0 + row1[i] * weight1 + row2[i] * weight2 + row3[i] * weight3;
    }
  }

  private static double kernel(double signedDistance) {
    double x = Math.abs(signedDistance);
    double a = -0.5;
    if (x < 1) {
      return ((a + 2) * x - (a + 3)) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  }
}
