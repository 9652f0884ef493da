package org.conceptclip.image;

/**
 * One axis of Pillow's antialiased bicubic resampling: for each output position the range of input positions ("taps") and
 * their fixed-point weights.
 *
 * <p>Keys's kernel with a = -0.5, widened by the scale when shrinking; weights normalised in float64, then rounded to
 * multiples of 2^-22. The order of the float64 operations is part of the contract: it decides the last bit. Immutable.
 */
final class BicubicFilter {
  /** Fraction bits of a weight. */
  static final int PRECISION_BITS = 22;

  /** Half, in the scale of a weighted sum: added before the shift so that it rounds. */
  static final int ROUNDING = 1 << (PRECISION_BITS - 1);

  /** Up to this input extent all weights are kept (about 4 ints per input position); beyond, made when asked for. */
  private static final int LARGEST_KEPT_EXTENT = 1 << 20;

  /** Extent of the input axis. */
  final int inputs;

  /** Extent of the output axis. */
  final int outputs;

  /** Most input positions that any output has. */
  final int mostTaps;

  private final double scale;
  private final double support;
  private final double kernelStep;
  private final int[][] kept;
  private final int[] firsts;
  private final int[] ends;

  BicubicFilter(int inputs, int outputs) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.scale = (double) inputs / outputs;
    double widening = Math.max(scale, 1.0);
    this.support = 2.0 * widening;
    this.kernelStep = 1.0 / widening;
    this.kept = inputs <= LARGEST_KEPT_EXTENT ? new int[outputs][] : null;
    this.firsts = new int[outputs];
    this.ends = new int[outputs];
    int most = 0;
    for (int output = 0; output < outputs; output++) {
      firsts[output] = Math.max((int) (center(output) - support + 0.5), 0);
      ends[output] = Math.min((int) (center(output) + support + 0.5), inputs);
      most = Math.max(most, ends[output] - firsts[output]);
    }
    this.mostTaps = most;
    if (kept != null) {
      double[] exact = new double[most];
      for (int output = 0; output < outputs; output++) {
        kept[output] = makeWeights(output, exact);
      }
    }
  }

  /** Whether input and output have the same extent, so that resampling changes nothing. */
  boolean isIdentity() {
    return inputs == outputs;
  }

  /** Whether {@link #weights} is a look-up; otherwise each call computes. */
  boolean isKept() {
    return kept != null;
  }

  /** First tap of an output position. Never falls as the position rises. */
  int first(int output) {
    return firsts[output];
  }

  /** One past the last tap of an output position. Never falls as the position rises. */
  int end(int output) {
    return ends[output];
  }

  /** Weights of the taps {@link #first} to {@link #end}, in units of 2^-22; not to be written to. */
  int[] weights(int output) {
    return kept != null ? kept[output] : makeWeights(output, new double[mostTaps]);
  }

  /** Rounds a weighted sum (which includes {@link #ROUNDING}) to 0..255. */
  static int toUnsignedByte(int sum) {
    // Not Math.clamp, which takes a long and so keeps the JIT from vector code.
    return Math.max(0, Math.min(255, sum >> PRECISION_BITS));
  }

  private double center(int output) {
    return (output + 0.5) * scale;
  }

  /** Makes the weights of one output by way of {@code exact}, at least as long as there are taps. */
  private int[] makeWeights(int output, double[] exact) {
    double center = center(output);
    int first = first(output);
    int[] weights = new int[end(output) - first];
    double sum = 0;
    for (int tap = 0; tap < weights.length; tap++) {
      exact[tap] = kernel((tap + first - center + 0.5) * kernelStep);
      sum += exact[tap];
    }
    for (int tap = 0; tap < weights.length; tap++) {
      double weight = sum != 0 ? exact[tap] / sum : exact[tap];
      weights[tap] = (int) (weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
    }
    return weights;
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
