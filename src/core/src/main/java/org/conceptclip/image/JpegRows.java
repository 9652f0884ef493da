package org.conceptclip.image;

import java.lang.foreign.MemorySegment;

/** Takes rows of a JPEG's stored components, makes grey or RGB of them and hands them to a sink. Not thread-safe. */
final class JpegRows {
  private final JpegHeader header;
  private final RowSink sink;
  private final int channels;
  private final byte[] batch;
  private final boolean[] smoothed;
  private final int rowBytes;

  /** The last three rows as stored: the one in work, those above and below it. */
  private byte[] above;

  private byte[] row;
  private byte[] below;

  /** A row in which pixels take as many bytes as in the file, for conversion. */
  private final byte[] converted;

  /** Rows that have come, and those that wait in {@link #batch}. */
  private int taken;

  private int waiting;

  /** Begins the sink's picture. */
  JpegRows(JpegHeader header, RowSink sink) {
    this.header = header;
    this.sink = sink;
    this.channels = channels(header);
    int components = header.colour.components;
    this.rowBytes = header.width * components;
    this.batch = new byte[Math.toIntExact((long) batchRows(header, sink) * header.width * channels)];
    this.above = new byte[rowBytes];
    this.row = new byte[rowBytes];
    this.below = new byte[rowBytes];
    this.converted = new byte[rowBytes];
    this.smoothed = new boolean[components];
    for (int component = 0; component < components; component++) {
      smoothed[component] = header.hasHalfHeight(component);
    }
    sink.begin(header.width, header.height, channels);
  }

  private static int channels(JpegHeader header) {
    return header.colour.components == 1 ? 1 : RgbImage.CHANNELS;
  }

  private static int batchRows(JpegHeader header, RowSink sink) {
    return Math.min(header.height, sink.batchRows(header.width, channels(header)));
  }

  /** Bytes of heap that such an object takes. */
  static long heapBytes(JpegHeader header, RowSink sink) {
    return (long) header.width * (batchRows(header, sink) * channels(header) + 8 * header.colour.components);
  }

  /** Where the next stored row is to be put: [width, components]. */
  byte[] next() {
    return below;
  }

  /** Takes the row that {@link #next} has been filled with. */
  void take() {
    header.source.gate().check();
    taken++;
    byte[] spare = above;
    above = row;
    row = below;
    below = spare;
    // A row is complete when the one below it has come.
    if (taken > 1) {
      convert(above, taken > 2 ? below : above, row, taken - 2);
    }
    if (taken == header.height) {
      convert(row, taken > 1 ? above : row, row, taken - 1);
      flush();
    }
  }

  private void flush() {
    if (waiting > 0) {
      sink.rows(MemorySegment.ofArray(batch), 0, waiting);
      waiting = 0;
    }
  }

  /**
   * Converts a row.
   *
   * @param upper the row above it, or the same if there is none
   * @param lower the row below it, or the same if there is none
   */
  private void convert(byte[] stored, byte[] upper, byte[] lower, int y) {
    int components = header.colour.components;
    System.arraycopy(stored, 0, converted, 0, rowBytes);
    for (int component = 0; component < components; component++) {
      if (smoothed[component]) {
        smoothRowPair(stored, y % 2 == 0 ? upper : lower, y % 2 == 0 ? 1 : 2, component);
      }
    }
    byte[] pixels = switch (header.colour) {
      case GREY, RGB -> converted;
      case YCC -> JpegColour.yccToRgb(converted);
      case CMYK -> JpegColour.invertedCmykToRgb(converted);
      case YCCK -> JpegColour.ycckToRgb(converted);
    };
    int bytes = header.width * channels;
    System.arraycopy(pixels, 0, batch, waiting * bytes, bytes);
    waiting++;
    if (waiting * bytes == batch.length) {
      flush();
    }
  }

  /**
   * Smooths a component whose stored rows come in equal pairs. This is the one upsampling in
   * which the JDK's libjpeg 6 differs from libjpeg-turbo: of components with full width and half height (4:4:0, as a losslessly rotated
   * 4:2:2 photograph has) the old library repeats each row, and the new one weighs the nearer row 3 to 1 with the next, rounding down in
   * upper and up in lower rows.
   */
  private void smoothRowPair(byte[] near, byte[] far, int rounding, int component) {
    for (int at = component; at < rowBytes; at += smoothed.length) {
      converted[at] = (byte) (3 * (near[at] & 0xff) + (far[at] & 0xff) + rounding >> 2);
    }
  }
}
