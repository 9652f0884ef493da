package org.conceptclip.image;

import java.lang.foreign.MemorySegment;

/**
 * Pillow's {@code Image.resize(size, BICUBIC)} for 8-bit RGB, equal in every byte: the horizontal pass first, rounded and clipped to
 * 0..255, then the vertical pass.
 *
 * <p>Beside source and result each call allocates a few hundred kilobytes; {@link PixelDecoder} keeps them. Thread-safe.
 */
public final class Resizer {
  private Resizer() {}

  /**
   * Squashes or stretches a picture to a size.
   *
   * @return [height, width, 3] unsigned bytes, a new array
   * @throws IllegalArgumentException if a side is below 1 or the result does not fit an array
   */
  public static byte[] resize(RgbImage source, int width, int height) {
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
