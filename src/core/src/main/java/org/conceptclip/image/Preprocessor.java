package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/** From a decoded picture to the model's input. Thread-safe. */
public final class Preprocessor {
  private Preprocessor() {}

  /**
   * Squashes a picture to a square with antialiased bicubic, whatever its aspect ratio. The model's first layer maps each byte x to
   * (x / 255 - 0.5) / 0.5.
   *
   * @param size columns and rows of the result, at least 1
   * @return U8 [size, size, 3] in heap memory, red first
   */
  public static HostTensor toPixels(RgbImage image, int size) {
    return HostTensor.view(
        DType.U8, Shape.of(size, size, RgbImage.CHANNELS), MemorySegment.ofArray(Resizer.resize(image, size, size)));
  }
}
