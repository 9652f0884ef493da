package org.conceptclip.evaluate;

/**
 * How intervals are computed.
 *
 * @param resamples number of resamples; 0 for no intervals
 * @param seed the resamples depend on this and on nothing else, in particular not on the number of threads
 * @param level share of the resamples that an interval spans, above 0 and below 1
 * @param smallestGroup a group of fewer items gets a warning, has no interval, and takes no part in a gap between groups
 */
public record BootstrapOptions(int resamples, long seed, double level, int smallestGroup) {
  /** 1,000 resamples, seed 20241, intervals of 95 %, groups from 30 items on. */
  public static final BootstrapOptions DEFAULTS = new BootstrapOptions(1000, 20_241, 0.95, 30);

  /** @throws IllegalArgumentException if a number is out of its range */
  public BootstrapOptions {
    if (resamples < 0 || !(level > 0 && level < 1) || smallestGroup < 0) {
      throw new IllegalArgumentException("resamples " + resamples + ", level " + level + ", smallest group " + smallestGroup
          + "; expected at least 0, a number between 0 and 1, and at least 0");
    }
  }

  /** The default options with another number of resamples. */
  public static BootstrapOptions of(int resamples) {
    return new BootstrapOptions(resamples, DEFAULTS.seed, DEFAULTS.level, DEFAULTS.smallestGroup);
  }
}
