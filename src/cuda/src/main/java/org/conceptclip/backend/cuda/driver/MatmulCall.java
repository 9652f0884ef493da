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
 */
public record MatmulCall(
    Shape shape, int rows, long x, long xPitch, long weight, long bias, long out, long outPitch) {

  private static final int MULTIPLE = 8;
  private static final int ALIGNMENT_BYTES = 16;

  /**
   * What an algorithm is chosen by. All pitches and both extents are multiples of 8.
   *
   * @param outFloat32 out is float32 rather than float16
   * @param accumulate add to what {@code out} holds
   */
  public record Shape(int inputs, int outputs, boolean hasBias, boolean outFloat32, boolean accumulate) {
    public Shape {
      requireExtent("inputs", inputs);
      requireExtent("outputs", outputs);
    }
  }

  /** Rejects what no algorithm could compute. */
  public MatmulCall {
    if (rows < 1) {
      throw new IllegalArgumentException("matrix product: " + rows + " rows, expected at least 1");
    }
    requirePitch("x", xPitch, shape.inputs);
    requirePitch("out", outPitch, shape.outputs);
    requireAddress("x", x);
    requireAddress("weight", weight);
    requireAddress("out", out);
    if (shape.hasBias) {
      requireAddress("bias", bias);
    } else if (bias != 0) {
      throw new IllegalArgumentException("matrix product: a bias, but the shape has none");
    }
  }

  private static void requireExtent(String name, int extent) {
    if (extent < MULTIPLE || extent % MULTIPLE != 0) {
      throw new IllegalArgumentException("matrix product: " + extent + " " + name + ", expected a multiple of " + MULTIPLE);
    }
  }

  private static void requirePitch(String name, long pitch, int columns) {
    if (pitch < columns || pitch % MULTIPLE != 0) {
      throw new IllegalArgumentException("matrix product: pitch of " + name + " is " + pitch + ", expected a multiple of "
          + MULTIPLE + " from " + columns + " on");
    }
  }

  private static void requireAddress(String name, long address) {
    if (address == 0 || address % ALIGNMENT_BYTES != 0) {
      throw new IllegalArgumentException("matrix product: " + name + " at " + DeviceBlocks.hex(address)
          + ", expected a multiple of " + ALIGNMENT_BYTES + " bytes");
    }
  }
}
