package org.conceptclip.evaluate;

/**
 * A figure with its interval of confidence. NaN where it is not defined; the bounds are NaN where no interval was asked for, or where the
 * figure is not defined in too many resamples.
 */
public record Interval(double value, double low, double high) {
  /** A figure without an interval. */
  public static Interval of(double value) {
    return new Interval(value, Double.NaN, Double.NaN);
  }

  public boolean isDefined() {
    return !Double.isNaN(value);
  }

  public boolean hasBounds() {
    return !Double.isNaN(low);
  }
}
