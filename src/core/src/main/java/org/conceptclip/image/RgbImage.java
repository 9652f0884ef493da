package org.conceptclip.image;

/**
 * A decoded picture. The array is shared, not copied, and must not be written to; then any number of threads may read it.
 *
 * @param width columns, at least 1
 * @param height rows, at least 1
 * @param pixels [height, width, 3] unsigned bytes, row-major, red first
 */
public record RgbImage(int width, int height, byte[] pixels) {
  /** Bytes of one pixel. */
  static final int CHANNELS = 3;

  public RgbImage {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException("image of " + width + "x" + height + " pixels");
    }
    if (pixels.length != (long) width * height * CHANNELS) {
      throw new IllegalArgumentException(
          pixels.length + " bytes for " + width + "x" + height + " RGB pixels, which take " + 3L * width * height);
    }
  }
}
