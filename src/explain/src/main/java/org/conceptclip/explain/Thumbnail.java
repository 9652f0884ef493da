package org.conceptclip.explain;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.conceptclip.image.RgbImage;

/** A small copy of a picture, as a JPEG file. */
public final class Thumbnail {
  private static final int LONGEST_SIDE = 384;
  private static final int CHANNELS = 3;

  private Thumbnail() {}

  /** The picture as JPEG, with no side above 384 pixels: each pixel is the mean of those it stands for. */
  public static byte[] jpeg(RgbImage picture) {
    int longer = Math.max(picture.width(), picture.height());
    int width = longer <= LONGEST_SIDE ? picture.width() : Math.max(1, (int) ((long) picture.width() * LONGEST_SIDE / longer));
    int height = longer <= LONGEST_SIDE ? picture.height() : Math.max(1, (int) ((long) picture.height() * LONGEST_SIDE / longer));
    BufferedImage small = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        small.setRGB(x, y, mean(picture, x, y, width, height));
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(small, "jpeg", out)) {
        throw new IllegalStateException("this JDK has no JPEG writer");
      }
    } catch (IOException e) {
      throw new IllegalStateException("a JPEG in memory cannot be written", e);
    }
    return bytes.toByteArray();
  }

  private static int mean(RgbImage picture, int x, int y, int width, int height) {
    int left = (int) ((long) x * picture.width() / width);
    int right = Math.max(left + 1, (int) ((x + 1L) * picture.width() / width));
    int top = (int) ((long) y * picture.height() / height);
    int bottom = Math.max(top + 1, (int) ((y + 1L) * picture.height() / height));
    long[] sums = new long[CHANNELS];
    for (int row = top; row < bottom; row++) {
      for (int column = left; column < right; column++) {
        int at = (row * picture.width() + column) * CHANNELS;
        for (int c = 0; c < CHANNELS; c++) {
          sums[c] += picture.pixels()[at + c] & 0xFF;
        }
      }
    }
    long count = (long) (right - left) * (bottom - top);
    return (int) (sums[0] / count) << 16 | (int) (sums[1] / count) << 8 | (int) (sums[2] / count);
  }
}
