package org.conceptclip.backend.cuda;

import java.util.Arrays;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.tensor.HostTensor;

/**
 * The pixels' normalisation folded into the patch projection, so that the kernel multiplies small exact numbers.
 *
 * <p>A normalised pixel is {@code s[c] * byte + t[c]}, per channel c. From bytes the kernel computes {@code scale * sum(f16(byte -
 * centre[c]) * w'[c]) + bias}. With {@code centre} a multiple of 1/8 in 0 to 255 the difference is exact in float16 (8 bits before
 * the point, 3 behind it). {@code scale} is the largest s, {@code w'[c] = f16(w[c] * s[c] / scale)}; what the rounded centre leaves
 * over, {@code t[c] + s[c] * centre[c]}, is the same for all pixels and goes into the bias with the weights that the kernel really
 * uses. From normalised floats the kernel computes {@code sum(f16(pixel * factor[c]) * w'[c]) + bias} with {@code factor[c] = scale /
 * s[c]}.
 *
 * <p>For ConceptCLIP's mean = std = 0.5: centre 127.5, factor 1, w' = w and nothing left over, so that nothing is rounded but the
 * weights.
 *
 * @param arguments what the kernel's arguments need: the weights go to the device and are not kept
 * @param weights w' [width][kPitch], not yet rounded to float16, in the order (y * p + x) * 3 + channel, zeros behind
 * @param biasOfBytes [width]
 */
record PatchFolding(Arguments arguments, float[] weights, float[] biasOfBytes) {
  private static final double CENTRE_STEP = 0.125;
  private static final int CHANNELS = 3;

  /** Values of a patch that the kernel processes at a time. */
  private static final int K_STEP = 32;

  /**
   * Folds the normalisation into a projection.
   *
   * @param weight [width, 3, p, p]
   * @param bias [width]
   */
  static PatchFolding of(
      PatchGeometry geometry, HostTensor weight, HostTensor bias, double[] pixelScale, double[] pixelShift) {
    double scale = Arrays.stream(pixelScale).max().orElseThrow();
    double[] centre = new double[CHANNELS];
    double[] factor = new double[CHANNELS];
    double[] leftOver = new double[CHANNELS];
    for (int c = 0; c < CHANNELS; c++) {
      double exact = -pixelShift[c] / pixelScale[c];
      centre[c] = Math.clamp(Math.rint(exact / CENTRE_STEP) * CENTRE_STEP, 0, 255);
      factor[c] = scale / pixelScale[c];
      leftOver[c] = pixelScale[c] * (centre[c] - exact);
    }
    int values = geometry.patchValues();
    int pixels = values / CHANNELS;
    int kPitch = Math.ceilDiv(values, K_STEP) * K_STEP;
    int width = Math.toIntExact(weight.shape().extent(0));
    float[] weights = new float[Math.multiplyExact(width, kPitch)];
    float[] biasOfBytes = new float[width];
    for (int row = 0; row < width; row++) {
      double sum = bias.getDouble(row);
      for (int i = 0; i < values; i++) {
        int c = i / pixels;
        float folded = (float) (weight.getDouble((long) row * values + i) / factor[c]);
        weights[row * kPitch + i % pixels * CHANNELS + c] = folded;
        sum += leftOver[c] * factor[c] * Float.float16ToFloat(Float.floatToFloat16(folded));
      }
      biasOfBytes[row] = (float) sum;
    }
    return new PatchFolding(new Arguments(centre, factor, scale, kPitch), weights, biasOfBytes);
  }

  /**
   * The folding without its weights.
   *
   * @param centre per channel
   * @param factor per channel
   * @param scale of sums of byte differences
   * @param kPitch values per patch, rounded up
   */
  record Arguments(double[] centre, double[] factor, double scale, int kPitch) {}
}
