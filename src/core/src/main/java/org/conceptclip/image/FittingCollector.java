package org.conceptclip.image;

import java.lang.foreign.MemorySegment;

/**
 * Makes one picture of the rows that come, in which no side is longer than a given one: a larger picture is reduced while it is read, as
 * Pillow's bicubic resize does, and keeps its aspect. Not thread-safe.
 */
final class FittingCollector implements RowSink {
  private final int longest;
  private final BlockResizer resizer = new BlockResizer();
  private int width;
  private int height;
  private byte[] pixels;

  /** @param longest the longest side of the result in pixels, at least 1 */
  FittingCollector(int longest) {
    if (longest < 1) {
      throw new IllegalArgumentException("longest side of " + longest + " pixels");
    }
    this.longest = longest;
  }

  @Override
  public void begin(int sourceWidth, int sourceHeight, int channels) {
    width = fitted(sourceWidth, Math.max(sourceWidth, sourceHeight));
    height = fitted(sourceHeight, Math.max(sourceWidth, sourceHeight));
    pixels = new byte[Math.toIntExact((long) width * height * RgbImage.CHANNELS)];
    resizer.to(width, height, MemorySegment.ofArray(pixels), 0);
    resizer.begin(sourceWidth, sourceHeight, channels);
  }

  private int fitted(long side, long longer) {
    return (int) (longer <= longest ? side : Math.max(1, Math.round((double) side * longest / longer)));
  }

  @Override
  public void rows(MemorySegment rows, long from, int count) {
    resizer.rows(rows, from, count);
  }

  @Override
  public int batchRows(int width, int channels) {
    return resizer.batchRows(width, channels);
  }

  @Override
  public long heapBytes(long width, long height) {
    long columns = fitted(width, Math.max(width, height));
    long rows = fitted(height, Math.max(width, height));
    // What the resizer takes for each column of its result is not in its own answer before it knows the result's width.
    return columns * rows * RgbImage.CHANNELS + resizer.heapBytes(width, height) + (ColumnPass.LANES + 32L) * columns * Integer.BYTES;
  }

  /** The picture, once all rows have come. */
  RgbImage image() {
    resizer.finish();
    return new RgbImage(width, height, pixels);
  }
}
