package org.conceptclip.util;

import java.time.Duration;

/** Durations and moments in nanoseconds. What exceeds a {@code long}, 292 years, becomes the largest one: for ever. */
public final class Nanos {
  /** A moment that never comes, and a duration that never ends. */
  public static final long NEVER = Long.MAX_VALUE;

  private Nanos() {}

  /** A duration in nanoseconds; the nearest possible number for one that is too long. */
  public static long of(Duration duration) {
    try {
      return duration.toNanos();
    } catch (ArithmeticException tooLong) {
      return duration.isNegative() ? Long.MIN_VALUE : NEVER;
    }
  }

  /** The moment that is {@code nanos} after {@code moment}; the nearest possible one if it is too far away. */
  public static long after(long moment, long nanos) {
    long sum = moment + nanos;
    boolean overflowed = ((moment ^ sum) & (nanos ^ sum)) < 0;
    return overflowed ? nanos < 0 ? Long.MIN_VALUE : NEVER : sum;
  }
}
