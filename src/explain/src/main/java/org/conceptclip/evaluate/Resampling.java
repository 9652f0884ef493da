package org.conceptclip.evaluate;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.conceptclip.util.Parallel;

/**
 * The percentile bootstrap (Efron 1979). A resample of N items is N draws with replacement, kept as the number of times that each item was
 * drawn.
 *
 * <p>Resample r of a seed is always the same one: its draws are the upper 64 bits of {@code nextLong()} (unsigned) times N, where the
 * generator is a {@link SplittableRandom} of its own whose seed is the mix of {@code seed} and r in {@link #seedOf}. So neither the number
 * of threads nor the order in which they work changes a bit of the results.
 */
final class Resampling {
  private static final int RESAMPLES_PER_TASK = 8;
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  private Resampling() {}

  /** Counts of a set in which every item occurs once. */
  static int[] once(int items) {
    int[] counts = new int[items];
    Arrays.fill(counts, 1);
    return counts;
  }

  /** Writes resample {@code number} to {@code counts}, whose length is the number of items. */
  static void draw(long seed, int number, int[] counts) {
    Arrays.fill(counts, 0);
    SplittableRandom random = new SplittableRandom(seedOf(seed, number));
    for (int i = 0; i < counts.length; i++) {
      counts[(int) Math.unsignedMultiplyHigh(random.nextLong(), counts.length)]++;
    }
  }

  /** MurmurHash3's finaliser over {@code seed + (number + 1) * 2^64 / golden ratio}: neighbours must not share a sequence. */
  private static long seedOf(long seed, int number) {
    long mixed = seed + (number + 1) * GOLDEN_RATIO;
    mixed = (mixed ^ mixed >>> 33) * 0xFF51AFD7ED558CCDL;
    mixed = (mixed ^ mixed >>> 33) * 0xC4CEB9FE1A85EC53L;
    return mixed ^ mixed >>> 33;
  }

  /**
   * Computes figures of every resample, on the threads of the common pool. A thread holds the counts of one resample at a time.
   *
   * @param figures computes figures from counts, always equally many; called by several threads at once; must not keep the counts
   * @return [figure][resample]
   */
  static double[][] run(BootstrapOptions options, int items, int numberOfFigures, Function<int[], double[]> figures) {
    double[][] results = new double[numberOfFigures][options.resamples()];
    int tasks = (options.resamples() + RESAMPLES_PER_TASK - 1) / RESAMPLES_PER_TASK;
    Parallel.map(tasks, task -> {
      int[] counts = new int[items];
      int end = Math.min(options.resamples(), (task + 1) * RESAMPLES_PER_TASK);
      for (int number = task * RESAMPLES_PER_TASK; number < end; number++) {
        draw(options.seed(), number, counts);
        double[] row = figures.apply(counts);
        for (int f = 0; f < numberOfFigures; f++) {
          results[f][number] = row[f];
        }
      }
      return null;
    });
    return results;
  }

  /**
   * A figure with the percentiles of its resamples as bounds. Resamples in which it is not defined (NaN) are left out; if they are more
   * than half, or {@code value} is not defined, the bounds are NaN.
   */
  static Interval interval(double value, double[] resampled, double level) {
    double[] sorted = Arrays.stream(resampled).filter(x -> !Double.isNaN(x)).sorted().toArray();
    if (Double.isNaN(value) || sorted.length == 0 || 2 * sorted.length < resampled.length) {
      return Interval.of(value);
    }
    double tail = (1 - level) / 2;
    return new Interval(value, percentile(sorted, tail), percentile(sorted, 1 - tail));
  }

  /**
   * As {@code numpy.percentile} does by default: linear between the two values around {@code share * (n - 1)}.
   *
   * @param sorted ascending, at least one
   * @param share from 0 to 1
   */
  static double percentile(double[] sorted, double share) {
    double place = share * (sorted.length - 1);
    int below = (int) place;
    double low = sorted[below];
    double high = sorted[Math.min(below + 1, sorted.length - 1)];
    double fraction = place - below;
    return fraction < 0.5 ? low + (high - low) * fraction : high - (high - low) * (1 - fraction);
  }
}
