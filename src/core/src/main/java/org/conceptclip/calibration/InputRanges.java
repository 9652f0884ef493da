package org.conceptclip.calibration;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.conceptclip.tensor.Float8;

/** The largest absolute inputs of products, by channel, over all passes that were recorded. Thread-safe. */
final class InputRanges {
  /** Inputs beyond those that were seen have this much room at least before they are cut; a floating-point code loses nothing by it. */
  private static final float HEADROOM = 1.5f;

  private final Map<String, float[]> largest = new ConcurrentHashMap<>();

  /** Adds rows of inputs of a product. */
  void add(String product, HostRows.Band rows) {
    float[] own = new float[rows.columns()];
    float[] values = rows.values();
    for (int first = 0; first < values.length; first += own.length) {
      for (int channel = 0; channel < own.length; channel++) {
        own[channel] = Math.max(own[channel], Math.abs(values[first + channel]));
      }
    }
    largest.merge(product, own, InputRanges::larger);
  }

  private static float[] larger(float[] one, float[] other) {
    float[] both = new float[one.length];
    for (int channel = 0; channel < both.length; channel++) {
      both[channel] = Math.max(one[channel], other[channel]);
    }
    return both;
  }

  /** The largest absolute input of a product. */
  float largest(String product) {
    float most = 0;
    for (float value : largest.get(product)) {
      most = Math.max(most, value);
    }
    return most;
  }

  /** The largest channel's largest input, divided by that of the median channel; 0 if the median is 0. */
  double outliers(String product) {
    float[] sorted = largest.get(product).clone();
    Arrays.sort(sorted);
    double median = sorted[sorted.length / 2];
    return median == 0 ? 0 : sorted[sorted.length - 1] / median;
  }

  /**
   * The scale of a product's input: the smallest power of two with which 448 reaches one and a half times the largest input that was seen;
   * 1 if all inputs were zero. Multiplying by a power of two rounds nothing.
   */
  float scale(String product) {
    float needed = largest(product) * HEADROOM / Float8.E4M3_MAX;
    if (needed == 0) {
      return 1;
    }
    float power = Math.scalb(1f, Math.max(-100, Math.min(100, Math.getExponent(needed))));
    return power < needed ? 2 * power : power;
  }
}
