package org.conceptclip.backend.reference;

/**
 * The error function and what follows from it, in float64.
 *
 * <p>Minimax rational approximations with the coefficients of Sun's freely distributable math library (fdlibm 5.3,
 * {@code s_erf.c}), which are good to 1 ulp; evaluated here by our own code. {@link StrictMath} keeps results the same on every
 * machine. Thread-safe.
 */
final class Erf {
  private static final double SQRT_HALF = 0.70710678118654752440;

  /** Where the four approximations meet. */
  private static final double SMALL = 0.84375;

  private static final double MIDDLE = 1.25;
  private static final double LARGE = 1 / 0.35;

  /** From here erfc(|x|) is below the smallest float64. */
  private static final double UNDERFLOW = 28;

  /** erf(1) rounded to float32: the middle approximation is of the difference to it. */
  private static final double ERF_ONE = 8.45062911510467529297e-01;

  private static final double[] SMALL_P = {
    1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02, -5.77027029648944159157e-03,
    -2.37630166566501626084e-05
  };
  private static final double[] SMALL_Q = {
    1, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03, 1.32494738004321644526e-04,
    -3.96022827877536812320e-06
  };
  private static final double[] MIDDLE_P = {
    -2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01, 3.18346619901161753674e-01,
    -1.10894694282396677476e-01, 3.54783043256182359371e-02, -2.16637559486879084300e-03
  };
  private static final double[] MIDDLE_Q = {
    1, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02, 1.26171219808761642112e-01,
    1.36370839120290507362e-02, 1.19844998467991074170e-02
  };
  private static final double[] LARGE_P = {
    -9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01, -6.23753324503260060396e+01,
    -1.62396669462573470355e+02, -1.84605092906711035994e+02, -8.12874355063065934246e+01, -9.81432934416914548592e+00
  };
  private static final double[] LARGE_Q = {
    1, 1.96512716674392571292e+01, 1.37657754143519042600e+02, 4.34565877475229228821e+02, 6.45387271733267880336e+02,
    4.29008140027567833386e+02, 1.08635005541779435134e+02, 6.57024977031928170135e+00, -6.04244152148580987438e-02
  };
  private static final double[] TAIL_P = {
    -9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01, -1.60636384855821916062e+02,
    -6.37566443368389627722e+02, -1.02509513161107724954e+03, -4.83519191608651397019e+02
  };
  private static final double[] TAIL_Q = {
    1, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03, 3.19985821950859553908e+03,
    2.55305040643316442583e+03, 4.74528541206955367215e+02, -2.24409524465858183362e+01
  };

  private Erf() {}

  /** {@code 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x}. */
  static double erf(double x) {
    double magnitude = Math.abs(x);
    if (Double.isNaN(x)) {
      return x;
    }
    if (magnitude < SMALL) {
      return x + x * ratio(SMALL_P, SMALL_Q, x * x);
    }
    if (magnitude < MIDDLE) {
      return Math.copySign(ERF_ONE + ratio(MIDDLE_P, MIDDLE_Q, magnitude - 1), x);
    }
    return Math.copySign(1 - tail(magnitude), x);
  }

  /** {@code 1 - erf(x)}, without the cancellation where {@code x} is large. */
  static double erfc(double x) {
    if (Double.isNaN(x)) {
      return x;
    }
    if (x < 0.25) {
      return 1 - erf(x);
    }
    if (x < SMALL) {
      return 0.5 - (x - 0.5 + x * ratio(SMALL_P, SMALL_Q, x * x));
    }
    if (x < MIDDLE) {
      return 1 - ERF_ONE - ratio(MIDDLE_P, MIDDLE_Q, x - 1);
    }
    return tail(x);
  }

  /** {@code v/2 * (1 + erf(v / sqrt 2))}: by erfc, so that the negative tail keeps its digits. */
  static double gelu(double v) {
    return v == Double.NEGATIVE_INFINITY ? 0 : 0.5 * v * erfc(-v * SQRT_HALF);
  }

  /** erfc(x) for x at or above {@link #MIDDLE}. */
  private static double tail(double x) {
    if (x >= UNDERFLOW) {
      return 0;
    }
    double s = 1 / (x * x);
    double r = x < LARGE ? ratio(LARGE_P, LARGE_Q, s) : ratio(TAIL_P, TAIL_Q, s);
    // exp(-x*x) split at a short z whose square is exact: rounding x*x alone would cost digits in the exponent.
    double z = Double.longBitsToDouble(Double.doubleToRawLongBits(x) & 0xffffffff00000000L);
    return StrictMath.exp(-z * z - 0.5625) * StrictMath.exp((z - x) * (z + x) + r) / x;
  }

  private static double ratio(double[] numerator, double[] denominator, double x) {
    return polynomial(numerator, x) / polynomial(denominator, x);
  }

  private static double polynomial(double[] coefficients, double x) {
    double value = 0;
    for (int i = coefficients.length - 1; i >= 0; i--) {
      value = value * x + coefficients[i];
    }
    return value;
  }
}
