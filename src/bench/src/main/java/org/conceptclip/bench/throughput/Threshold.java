package org.conceptclip.bench.throughput;

/**
 * A promise, and the figure that keeps or breaks it.
 *
 * @param name what is promised
 * @param value measured
 * @param atLeast whether the limit is a lower one
 * @param limit promised
 */
public record Threshold(String name, double value, boolean atLeast, double limit) {

  /** Whether the promise was kept; a figure that is not a number keeps none. */
  public boolean met() {
    return atLeast ? value >= limit : value <= limit;
  }
}
