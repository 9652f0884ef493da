package org.conceptclip.image;

import java.time.Duration;
import java.util.Objects;
import org.conceptclip.tensor.BadInputException;

/**
 * What decoding one picture may take. Immutable.
 *
 * @param maxPixels most pixels (width times height) of a picture and of everything in it that is decoded, 1 to 715,827,879; checked before
 *     memory for pixels is allocated
 * @param timeLimit longest time that decoding one picture may take, more than 0 and as long as one likes; waiting for memory that other
 *     pictures hold does not count
 * @param memory the budget that the picture's memory is leased from
 */
public record DecodeLimits(long maxPixels, Duration timeLimit, DecodeMemory memory) {
  /**
   * 178,956,970 pixels, which is Pillow's limit (twice its warning threshold of 256 MiB of RGB pixels), one minute, and the budget that the
   * decoders of this process share.
   */
  public static final DecodeLimits DEFAULT = new DecodeLimits(178_956_970L, Duration.ofMinutes(1), DecodeMemory.ofProcess());

  /** Most pixels whose RGB bytes fit one Java array. */
  private static final long ARRAY_PIXELS = (Integer.MAX_VALUE - 8) / RgbImage.CHANNELS;

  /** No real picture is this long. Resizing a longer strip of one pixel's width could take minutes. */
  static final int LONGEST_SIDE = 1_000_000;

  public DecodeLimits {
    Objects.requireNonNull(timeLimit, "timeLimit");
    Objects.requireNonNull(memory, "memory");
    if (maxPixels < 1 || maxPixels > ARRAY_PIXELS) {
      throw new IllegalArgumentException("maxPixels is " + maxPixels + ", expected 1 to " + ARRAY_PIXELS);
    }
    if (timeLimit.isNegative() || timeLimit.isZero()) {
      throw new IllegalArgumentException("timeLimit is " + timeLimit + ", expected more than 0");
    }
  }

  /** These limits with another number of pixels. */
  public DecodeLimits withMaxPixels(long pixels) {
    return new DecodeLimits(pixels, timeLimit, memory);
  }

  /** These limits with another time. */
  public DecodeLimits withTimeLimit(Duration limit) {
    return new DecodeLimits(maxPixels, limit, memory);
  }

  /** These limits with another budget of memory. */
  public DecodeLimits withMemory(DecodeMemory budget) {
    return new DecodeLimits(maxPixels, timeLimit, budget);
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
