package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.Test;

/** Folding keeps the product of normalised pixels, and is exact where ConceptCLIP needs it. */
class PatchFoldingTest {
  private static final PatchGeometry GEOMETRY = new PatchGeometry(4, 2);
  private static final int VALUES = GEOMETRY.patchValues();
  private static final int WIDTH = 3;

  @Test
  void halfAndHalfIsExact() {
    double[] scale = {1 / 127.5, 1 / 127.5, 1 / 127.5};
    HostTensor weight = weight();
    HostTensor bias = HostTensor.of(new float[] {0.1f, -0.2f, 3}, WIDTH);
    PatchFolding folding = PatchFolding.of(GEOMETRY, weight, bias, scale, new double[] {-1, -1, -1});
    assertArrayEquals(new double[] {127.5, 127.5, 127.5}, folding.arguments().centre());
    assertArrayEquals(new double[] {1, 1, 1}, folding.arguments().factor());
    assertArrayEquals(bias.toFloatArray(), folding.biasOfBytes());
    assertEquals(32, folding.arguments().kPitch());
    for (int row = 0; row < WIDTH; row++) {
      for (int c = 0; c < 3; c++) {
        for (int pixel = 0; pixel < 4; pixel++) {
          assertEquals(
              weight.getFloat((long) row * VALUES + c * 4 + pixel), folding.weights()[row * 32 + pixel * 3 + c]);
        }
      }
    }
  }

  /** Means and deviations as ImageNet's, whose centres are no multiples of 1/8: what is left over is in the bias. */
  @Test
  void unevenNormalisationGivesTheSameProducts() {
    double[] mean = {0.485, 0.456, 0.406};
    double[] std = {0.229, 0.224, 0.225};
    double[] scale = new double[3];
    double[] shift = new double[3];
    for (int c = 0; c < 3; c++) {
      scale[c] = 1 / (255 * std[c]);
      shift[c] = -mean[c] / std[c];
    }
    HostTensor weight = weight();
    PatchFolding folding =
        PatchFolding.of(GEOMETRY, weight, HostTensor.of(new float[] {0.1f, -0.2f, 3}, WIDTH), scale, shift);
    Random random = new Random(3);
    for (int trial = 0; trial < 20; trial++) {
      int[] bytes = random.ints(VALUES, 0, 256).toArray();
      for (int row = 0; row < WIDTH; row++) {
        double expected = new double[] {0.1f, -0.2f, 3}[row];
        double fromBytes = folding.biasOfBytes()[row];
        double fromFloats = expected;
        double factored = 0;
        for (int i = 0; i < VALUES; i++) {
          int c = i / 4;
          float kernelWeight = half(folding.weights()[row * 32 + i % 4 * 3 + c]);
          double normalised = bytes[i] * scale[c] + shift[c];
          double difference = bytes[i] - folding.arguments().centre()[c];
          assertEquals(difference, half((float) difference), "exact in float16");
          fromBytes += folding.arguments().scale() * difference * kernelWeight;
          factored += normalised * folding.arguments().factor()[c] * kernelWeight;
          expected += normalised * kernelWeight * folding.arguments().factor()[c];
        }
        assertEquals(expected, fromBytes, 1e-6);
        assertEquals(expected, fromFloats + factored, 1e-6);
      }
    }
  }

  /** The factor undoes what the folding did to a weight. */
  @Test
  void factorsUndoTheFolding() {
    double[] scale = {0.01, 0.02, 0.005};
    HostTensor weight = weight();
    PatchFolding folding =
        PatchFolding.of(GEOMETRY, weight, HostTensor.of(new float[WIDTH], WIDTH), scale, new double[] {-1, -1.5, -0.7});
    for (int i = 0; i < VALUES; i++) {
      int c = i / 4;
      assertEquals(weight.getFloat(i), folding.weights()[i % 4 * 3 + c] * folding.arguments().factor()[c], 1e-7);
    }
  }

  private static HostTensor weight() {
    Random random = new Random(2);
    float[] values = new float[WIDTH * VALUES];
    for (int i = 0; i < values.length; i++) {
      values[i] = half((float) random.nextGaussian());
    }
    return HostTensor.of(values, WIDTH, 3, 2, 2);
  }

  private static float half(float value) {
    return Float.float16ToFloat(Float.floatToFloat16(value));
  }
}
