package org.conceptclip.explain;

/** How values between the centres of patches are computed. */
public enum Interpolation {
  /** Straight lines between neighbours: never above or below them. */
  BILINEAR(2) {
    @Override
    void weights(double fraction, double[] weights) {
      weights[0] = 1 - fraction;
      weights[1] = fraction;
    }
  },

  /** Smooth curves through four neighbours, which may swing a little beyond them. */
  BICUBIC(4) {
    @Override
    void weights(double fraction, double[] weights) {
      weights[0] = cubic(1 + fraction);
      weights[1] = cubic(fraction);
      weights[2] = cubic(1 - fraction);
      weights[3] = cubic(2 - fraction);
    }
  };

  /** Keys' parameter: the curve is exact for parabolas. */
  private static final double A = -0.5;

  private final int taps;

  Interpolation(int taps) {
    this.taps = taps;
  }

  /** Neighbours along an axis that a value depends on. */
  int taps() {
    return taps;
  }

  /**
   * The weights of the neighbours, whose sum is 1.
   *
   * @param fraction place between the two inner neighbours, from 0 up to 1
   * @param weights receives them [taps]
   */
  abstract void weights(double fraction, double[] weights);

  /** Source: R. Keys, "Cubic convolution interpolation for digital image processing", 1981. */
  private static double cubic(double distance) {
    return distance < 1
        ? ((A + 2) * distance - (A + 3)) * distance * distance + 1
        : ((A * distance - 5 * A) * distance + 8 * A) * distance - 4 * A;
  }
}
