package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Makes one picture of the rows that come. Grey becomes three equal channels. Not thread-safe. */
final class RgbCollector implements RowSink {
  private int width;
  private int height;
  private int channels;
  private byte[] pixels;
  private int taken;

  @Override
  public void begin(int width, int height, int channels) {
    int bytes = Math.toIntExact((long) width * height * RgbImage.CHANNELS);
    if (pixels == null || pixels.length != bytes) {
      pixels = null;
      pixels = new byte[bytes];
    }
    this.width = width;
    this.height = height;
    this.channels = channels;
    taken = 0;
  }

  @Override
  public void rows(MemorySegment rows, long from, int count) {
    if (count > height - taken) {
      throw new IllegalStateException((taken + count) + " rows of a picture of " + height);
    }
    int to = taken * width * RgbImage.CHANNELS;
    if (channels == RgbImage.CHANNELS) {
      MemorySegment.copy(rows, ValueLayout.JAVA_BYTE, from, pixels, to, count * width * channels);
    } else {
      for (int i = 0; i < count * width; i++, to += RgbImage.CHANNELS) {
        byte grey = rows.get(ValueLayout.JAVA_BYTE, from + i);
        pixels[to] = grey;
        pixels[to + 1] = grey;
        pixels[to + 2] = grey;
      }
    }
    taken += count;
  }

  @Override
  public long heapBytes(long width, long height) {
    return width * height * RgbImage.CHANNELS;
  }

  /** The picture, once all rows have come. */
  RgbImage image() {
    if (pixels == null || taken != height) {
      throw new IllegalStateException(taken + " rows of a picture of " + height);
    }
    return new RgbImage(width, height, pixels);
  }
}
