package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/**
 * From a decoded picture to the model's input. Beside source and result each call allocates a few hundred kilobytes, which
 * {@link PixelDecoder} keeps. Thread-safe.
 */
public final class Preprocessor {
  /**
   * Names what this does to a picture. Whatever is computed from features keeps it beside the model's fingerprint: features of another
   * preprocessing do not belong to it. To be changed when any byte of a result changes.
   */
  public static final String VERSION = "squash-bicubic-pillow-9.4";

  private Preprocessor() {}

  /**
   * Squashes a picture to a square with antialiased bicubic, whatever its aspect ratio. The model's first layer maps each byte x to
   * (x / 255 - 0.5) / 0.5.
   *
   * @param size columns and rows of the result, at least 1
   * @return U8 [size, size, 3] in heap memory, red first
   */
  public static HostTensor toPixels(RgbImage image, int size) {
    return HostTensor.view(DType.U8, Shape.of(size, size, RgbImage.CHANNELS), MemorySegment.ofArray(resize(image, size, size)));
  }

  /**
   * Squashes or stretches a picture, as {@link BlockResizer} does.
   *
   * @return [height, width, 3] unsigned bytes, a new array
   * @throws IllegalArgumentException if a side is below 1 or the result does not fit an array
   */
  static byte[] resize(RgbImage source, int width, int height) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException("cannot resize to " + width + "x" + height + " pixels");
    }
    long bytes = (long) width * height * RgbImage.CHANNELS;
    if (bytes < 0 || bytes > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(width + "x" + height + " RGB pixels do not fit an array");
    }
    byte[] pixels = new byte[(int) bytes];
    new BlockResizer().resize(MemorySegment.ofArray(source.pixels()), source.width(), source.height(), RgbImage.CHANNELS, width, height,
        MemorySegment.ofArray(pixels), 0);
    return pixels;
  }
}
