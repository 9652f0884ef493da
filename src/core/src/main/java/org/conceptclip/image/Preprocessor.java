package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/**
 * From a decoded picture to the model's input: squash to a square with antialiased bicubic, then (x / 255 - 0.5) / 0.5.
 *
 * <p>Thread-safe: static functions without state.
 */
public final class Preprocessor {
  private static final float[] NORMALISED = new float[256];

  static {
    for (int value = 0; value < NORMALISED.length; value++) {
      // Computed in float64 and rounded once, as the golden vectors are.
      NORMALISED[value] = (float) ((value / 255.0 - 0.5) / 0.5);
    }
  }

  private Preprocessor() {}

  /** The picture as the model sees it: U8 [size, size, 3] in heap memory. */
  public static HostTensor toPixels(RgbImage image, int size) {
    return HostTensor.view(
        DType.U8,
        Shape.of(size, size, RgbImage.CHANNELS),
        MemorySegment.ofArray(Resizer.resize(image, size, size)));
  }

  /**
   * One byte of a picture as the model's first layer takes it, in [-1, 1].
   *
   * @param value 0 to 255
   */
  public static float normalise(int value) {
    return NORMALISED[value];
  }

  /**
   * Pixels as the float tensor that the official code feeds.
   *
   * @param pixels U8 [height, width, 3]
   * @return F32 [3, height, width] in heap memory
   * @throws IllegalArgumentException for another type or shape
   */
  public static HostTensor normalise(HostTensor pixels) {
    Shape shape = pixels.shape();
    if (pixels.dtype() != DType.U8 || shape.rank() != 3 || shape.extent(2) != RgbImage.CHANNELS) {
      throw new IllegalArgumentException("pixels are " + pixels + ", expected U8 [height, width, 3]");
    }
    int plane = Math.toIntExact(shape.extent(0) * shape.extent(1));
    float[] values = new float[Math.multiplyExact(plane, RgbImage.CHANNELS)];
    MemorySegment data = pixels.data();
    for (int pixel = 0; pixel < plane; pixel++) {
      for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
        int value = data.get(ValueLayout.JAVA_BYTE, (long) pixel * RgbImage.CHANNELS + channel) & 0xff;
        values[channel * plane + pixel] = NORMALISED[value];
      }
    }
    return HostTensor.view(
        DType.F32, Shape.of(RgbImage.CHANNELS, shape.extent(0), shape.extent(1)), MemorySegment.ofArray(values));
  }
}
