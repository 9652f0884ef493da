package org.conceptclip.image;

import java.lang.foreign.MemorySegment;

/**
 * Pillow's {@code Image.resize(size, BICUBIC)} for 8-bit RGB, equal in every byte.
 *
 * <p>Horizontal pass first, rounded and clipped to 0..255, then the vertical pass. Beyond source and target the memory is a few hundred
 * kilobytes, made for each call; {@link PixelDecoder} keeps it. Thread-safe: nothing is shared between calls.
 */
public final class Resizer {
  private static final int CHANNELS = RgbImage.CHANNELS;

  private Resizer() {}

  /**
   * The picture squashed or stretched to a size.
   *
   * @return [height, width, 3] unsigned bytes, a new array
   * @throws IllegalArgumentException if a side is below 1 or the result does not fit an array
   */
  public static byte[] resize(RgbImage source, int width, int height) {
    long bytes = targetBytes(width, height);
    if (bytes > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(width + "x" + height + " RGB pixels do not fit an array");
    }
    byte[] pixels = new byte[(int) bytes];
    resizeInto(source, width, height, MemorySegment.ofArray(pixels), 0);
    return pixels;
  }

  /**
   * Like {@link #resize}, writing [height, width, 3] unsigned bytes to {@code target} from byte {@code offset} on.
   *
   * @throws IllegalArgumentException if a side is below 1 or the target is too small
   */
  public static void resizeInto(RgbImage source, int width, int height, MemorySegment target, long offset) {
    long bytes = targetBytes(width, height);
    if (offset < 0 || bytes > target.byteSize() - offset) {
      throw new IllegalArgumentException(
          "target of " + target.byteSize() + " bytes at offset " + offset + " for a result of " + bytes + " bytes");
    }
    new BlockResizer().resize(
        MemorySegment.ofArray(source.pixels()), source.width(), source.height(), CHANNELS, width, height, target, offset);
  }

  /** Like {@link #resizeInto(RgbImage, int, int, MemorySegment, long)} for an array. */
  public static void resizeInto(RgbImage source, int width, int height, byte[] target, int offset) {
    resizeInto(source, width, height, MemorySegment.ofArray(target), offset);
  }

  private static long targetBytes(int width, int height) {
    if (width < 1 || height < 1 || width > Integer.MAX_VALUE / 8) {
      throw new IllegalArgumentException("cannot resize to " + width + "x" + height + " pixels");
    }
    return Math.multiplyExact((long) width * CHANNELS, height);
  }
}
