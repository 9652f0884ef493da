package org.conceptclip.op;

/**
 * One axis of a resize as integers: output position {@code i} is the weighted sum of {@code count[i]} input positions from {@code
 * first[i]} on, in units of 2^-22, rounded half up and clipped to 0..255.
 *
 * <p>Immutable: the accessors of the arrays hand out the arrays themselves for speed; callers must not write to them.
 *
 * @param inputs extent of the input axis, at least 1
 * @param outputs extent of the output axis, at least 1
 * @param taps weights kept for each output, at least 1
 * @param first [outputs] first input position of each output
 * @param count [outputs] input positions of each output, 1 to {@code taps}
 * @param weights [outputs * taps] weights of each output's positions; those from {@code count[i]} on are not read
 */
public record Resampling(int inputs, int outputs, int taps, int[] first, int[] count, int[] weights) {
  /** Fraction bits of a weight. */
  public static final int WEIGHT_BITS = 22;

  /** Half, in the scale of a weighted sum: added before the shift so that it rounds. */
  public static final int HALF = 1 << (WEIGHT_BITS - 1);

  private static final int LARGEST_BYTE = 255;

  /** What the magnitudes of an output's weights may add up to, so that no sum of bytes leaves an int. */
  private static final long LARGEST_WEIGHTS = (Integer.MAX_VALUE - HALF) / LARGEST_BYTE;

  /**
   * @throws IllegalArgumentException if lengths differ from the extents, a position is outside the input axis, or weights are so large
   *     that sums could overflow
   */
  public Resampling {
    if (inputs < 1 || outputs < 1 || taps < 1) {
      throw new IllegalArgumentException(
          "resampling of " + inputs + " inputs to " + outputs + " outputs with " + taps + " taps, expected at least 1 of each");
    }
    checkLength("first", first.length, outputs);
    checkLength("count", count.length, outputs);
    checkLength("weights", weights.length, (long) outputs * taps);
    for (int output = 0; output < outputs; output++) {
      checkOutput(inputs, taps, first[output], count[output], weights, output);
    }
  }

  private static void checkLength(String name, int found, long expected) {
    if (found != expected) {
      throw new IllegalArgumentException("resampling: " + name + " has " + found + " elements, expected " + expected);
    }
  }

  private static void checkOutput(int inputs, int taps, int first, int count, int[] weights, int output) {
    if (count < 1 || count > taps) {
      throw new IllegalArgumentException("resampling: output " + output + " has " + count + " positions, expected 1 to " + taps);
    }
    if (first < 0 || first > inputs - count) {
      throw new IllegalArgumentException("resampling: output " + output + " reads positions " + first + " to "
          + ((long) first + count) + ", expected some of 0 to " + inputs);
    }
    long sum = 0;
    for (int tap = 0; tap < count; tap++) {
      sum += Math.abs((long) weights[output * taps + tap]);
    }
    if (sum > LARGEST_WEIGHTS) {
      throw new IllegalArgumentException("resampling: the magnitudes of output " + output + "'s weights add up to " + sum
          + ", expected at most " + LARGEST_WEIGHTS);
    }
  }

  /** Rounds a weighted sum, which includes {@link #HALF}, to 0..255. */
  public static int toUnsignedByte(int sum) {
    return Math.clamp(sum >> WEIGHT_BITS, 0, LARGEST_BYTE);
  }
}
