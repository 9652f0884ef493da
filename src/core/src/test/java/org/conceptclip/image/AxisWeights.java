package org.conceptclip.image;

/**
 * The weights of one axis of Pillow's antialiased bicubic resize as plain arrays, for code that resizes elsewhere than
 * {@link BlockResizer} does (on a device). Output {@code i} is {@code clip((2^21 + sum of input[first[i] + t] * weights[i * taps + t]) >> 22, 0, 255)} over
 * {@code t < count[i]}; columns come first, and their result is rounded to bytes before the rows.
 *
 * <p>The arrays belong to whoever asked.
 *
 * @param inputs extent of the input axis
 * @param outputs extent of the output axis
 * @param taps weights kept for each output: the largest {@code count}
 * @param first [outputs] first input position
 * @param count [outputs] input positions
 * @param weights [outputs * taps] in units of 2^-22, zeros behind {@code count[i]}
 */
public record AxisWeights(int inputs, int outputs, int taps, int[] first, int[] count, int[] weights) {
  /**
   * Bicubic weights from {@code inputs} to {@code outputs} positions.
   *
   * @throws IllegalArgumentException if an extent is below 1, or the weights do not fit an array
   */
  public static AxisWeights bicubic(int inputs, int outputs) {
    if (inputs < 1 || outputs < 1) {
      throw new IllegalArgumentException("cannot resize " + inputs + " to " + outputs + " positions, expected at least 1");
    }
    BicubicFilter filter = new BicubicFilter(inputs, outputs);
    int[] first = new int[outputs];
    int[] count = new int[outputs];
    int taps = 1;
    for (int output = 0; output < outputs; output++) {
      first[output] = filter.first[output];
      count[output] = filter.end[output] - first[output];
      taps = Math.max(taps, count[output]);
    }
    long elements = (long) outputs * taps;
    if (elements > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "weights from " + inputs + " to " + outputs + " positions are " + elements + " values, which do not fit an array");
    }
    int[] weights = new int[(int) elements];
    for (int output = 0; output < outputs; output++) {
      System.arraycopy(filter.weights[output], 0, weights, output * taps, count[output]);
    }
    return new AxisWeights(inputs, outputs, taps, first, count, weights);
  }
}
