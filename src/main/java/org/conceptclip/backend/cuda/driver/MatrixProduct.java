package org.conceptclip.backend.cuda.driver;

/**
 * {@code out = x W^T + bias (+ out)}: x [rows, inputs], W [outputs, inputs], out [rows, outputs], all row-major; x and W are
 * float16, sums are float32.
 *
 * <p>Which algorithm computes it depends on {@link Shape} alone and never on {@link #rows}: a row's bits must not depend on what
 * else is in the batch. So an algorithm may not split the sum over {@code inputs}.
 *
 * @param x device address; its rows are {@code xPitch} elements apart
 * @param weight device address; its rows are {@code shape.inputs()} elements apart
 * @param bias device address of [outputs] in the type of {@code out}, or 0 for none
 * @param out device address; its rows are {@code outPitch} elements apart
 * @param accumulate add to what {@code out} holds
 */
public record MatrixProduct(
    Shape shape, int rows, long x, long xPitch, long weight, long bias, long out, long outPitch, boolean accumulate) {

  /**
   * What an algorithm is chosen by. All pitches and both extents are multiples of 8.
   *
   * @param outFloat32 out is float32 rather than float16
   */
  public record Shape(int inputs, int outputs, boolean hasBias, boolean outFloat32, boolean accumulate) {}
}
