package org.conceptclip.op;

/** erf and erfc for tests, from their series: slow, and nothing in common with what any backend does. */
public final class ErfSeries {
  private ErfSeries() {}

  /** erf(x) = 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!! (DLMF 7.6.2): all terms of one sign. For |x| up to 5. */
  public static double erfBySeries(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > Math.abs(sum) * 1e-18; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  /** erfc(x) sqrt(pi) exp(x^2) = 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))) (DLMF 7.9), from the far end. For x from 2 on. */
  public static double erfcByFraction(double x) {
    double tail = x;
    for (int n = 400; n >= 1; n--) {
      tail = x + n / 2.0 / tail;
    }
    return Math.exp(-x * x) / tail / Math.sqrt(Math.PI);
  }

  static double erf(double x) {
    return Math.abs(x) < 3 ? erfBySeries(x) : Math.copySign(1 - erfcByFraction(Math.abs(x)), x);
  }

  /** {@code v/2 * (1 + erf(v / sqrt 2))}; below -3 by erfc, where 1 + erf would cancel. */
  static double gelu(double v) {
    double x = v / Math.sqrt(2);
    return x < -2.5 ? 0.5 * v * erfcByFraction(-x) : 0.5 * v * (1 + erf(x));
  }
}
