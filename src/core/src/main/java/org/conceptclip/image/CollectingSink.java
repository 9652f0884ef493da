package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;

/** Puts the rows of one picture together. */
final class CollectingSink implements RowSink {
  private int width;
  private int height;
  private int channels;
  private byte[] samples;
  private int filled;

  private CollectingSink() {}

  /** The picture that a decoder hands on. */
  static RgbImage picture(Consumer<RowSink> decoder) {
    CollectingSink sink = new CollectingSink();
    decoder.accept(sink);
    if (sink.filled != sink.samples.length) {
      throw new IllegalStateException(sink.filled + " of " + sink.samples.length + " bytes came");
    }
    return new RgbImage(sink.width, sink.height, PluginReaders.toRgb(sink.samples, sink.channels));
  }

  @Override
  public void begin(int columns, int rows, int pixelBytes) {
    width = columns;
    height = rows;
    channels = pixelBytes;
    samples = new byte[Math.toIntExact((long) columns * rows * pixelBytes)];
  }

  @Override
  public void rows(MemorySegment rows, long from, int count) {
    int bytes = count * width * channels;
    MemorySegment.copy(rows, ValueLayout.JAVA_BYTE, from, samples, filled, bytes);
    filled += bytes;
  }
}
