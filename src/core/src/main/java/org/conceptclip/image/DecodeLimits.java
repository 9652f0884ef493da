package org.conceptclip.image;

import org.conceptclip.tensor.BadInputException;

/**
 * The largest pictures that a decoder accepts. They are checked before memory for pixels is allocated.
 *
 * @param maxPixels most pixels (width times height) that a file's header may announce, 1 to 715,827,879
 */
public record DecodeLimits(long maxPixels) {
  /** 178,956,970 pixels, Pillow's limit: twice its warning threshold of 256 MiB of RGB pixels. */
  public static final DecodeLimits DEFAULT = new DecodeLimits(178_956_970L);

  /** Most pixels whose RGB bytes fit one Java array. */
  private static final long ARRAY_PIXELS = (Integer.MAX_VALUE - 8) / RgbImage.CHANNELS;

  /** No real picture is this long. Resizing a longer strip of one pixel's width could take minutes. */
  static final int LONGEST_SIDE = 1_000_000;

  public DecodeLimits {
    if (maxPixels < 1 || maxPixels > ARRAY_PIXELS) {
      throw new IllegalArgumentException("maxPixels is " + maxPixels + ", expected 1 to " + ARRAY_PIXELS);
    }
  }

  /** Rejects a picture whose header announces a side below 1 or above {@link #LONGEST_SIDE}, or more than {@link #maxPixels} pixels. */
  void check(String name, long width, long height) {
    if (width < 1 || height < 1) {
      throw new BadInputException(name + ": header announces " + width + "x" + height + " pixels, expected at least 1x1");
    }
    // Both sides fit 32 bits in every format here, so the product fits a long once neither is negative.
    if (width * height > maxPixels) {
      throw new BadInputException(name + ": header announces " + width + "x" + height + " = " + width * height
          + " pixels, expected at most " + maxPixels + " (decompression bomb?)");
    }
    if (Math.max(width, height) > LONGEST_SIDE) {
      throw new BadInputException(
          name + ": header announces " + width + "x" + height + " pixels, expected sides of at most " + LONGEST_SIDE);
    }
  }
}
