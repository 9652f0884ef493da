package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * BMP to RGB, row by row from the top; fields of less than 8 bits are stretched to 0..255 as Pillow does. Holds a few rows, and for run
 * lengths, which begin with the lowest row, where each row begins.
 */
final class BmpDecoder {
  private static final int BATCH_BYTES = 1 << 18;
  private static final int NANOS_PER_PIXEL = 10;

  private final ImageSource source;
  private final BmpHeader header;
  private final byte[] palette;
  private final byte[] rgb;

  private BmpDecoder(ImageSource source, BmpHeader header, int batch) {
    this.source = source;
    this.header = header;
    this.palette = header.bits > 8 ? null : readPalette();
    this.rgb = new byte[batch * header.width * RgbImage.CHANNELS];
  }

  static void decode(ImageSource source, RowSink sink) {
    BmpHeader header = new BmpHeader(source);
    int rowBytes = header.width * RgbImage.CHANNELS;
    int batch = Math.clamp(BATCH_BYTES / rowBytes, 1, header.height);
    long runs = header.isRunLength() ? BmpRuns.heapBytes(header) : 0;
    source.gate().enter((long) batch * rowBytes + header.width + runs, 0, (long) NANOS_PER_PIXEL * header.width * header.height);
    new BmpDecoder(source, header, batch).decode(sink, batch);
  }

  private void decode(RowSink sink, int batch) {
    BmpRuns runs = header.isRunLength() ? new BmpRuns(source, header) : null;
    byte[] indices = new byte[header.bits <= 8 ? header.width : 0];
    sink.begin(header.width, header.height, RgbImage.CHANNELS);
    for (int top = 0; top < header.height; top += batch) {
      int count = Math.min(batch, header.height - top);
      for (int row = 0; row < count; row++) {
        int stored = header.bottomUp ? header.height - 1 - top - row : top + row;
        int to = row * header.width * RgbImage.CHANNELS;
        if (runs != null) {
          runs.row(stored, indices);
          colour(indices, to);
        } else if (header.bits <= 8) {
          unpack(header.pixels + stored * header.stride(), indices);
          colour(indices, to);
        } else {
          copy(header.pixels + stored * header.stride(), to);
        }
      }
      source.gate().check();
      sink.rows(MemorySegment.ofArray(rgb), 0, count);
    }
  }

  private void unpack(int from, byte[] indices) {
    byte[] file = source.bytes();
    int mask = (1 << header.bits) - 1;
    for (int column = 0, bit = header.bits; column < indices.length; column++, bit += header.bits) {
      indices[column] = (byte) (file[from + (bit - 1 >> 3)] >> (-bit & 7) & mask);
    }
  }

  private void colour(byte[] indices, int to) {
    for (int column = 0; column < indices.length; column++, to += RgbImage.CHANNELS) {
      System.arraycopy(palette, (indices[column] & 0xff) * RgbImage.CHANNELS, rgb, to, RgbImage.CHANNELS);
    }
  }

  /** Blue, green, red; or fields of 16 or 32 bits. */
  private void copy(int from, int to) {
    byte[] file = source.bytes();
    if (header.bits == 24) {
      for (int column = 0; column < header.width; column++, from += RgbImage.CHANNELS, to += RgbImage.CHANNELS) {
        rgb[to] = file[from + 2];
        rgb[to + 1] = file[from + 1];
        rgb[to + 2] = file[from];
      }
      return;
    }
    ByteBuffer data = source.numbers(ByteOrder.LITTLE_ENDIAN);
    int bytes = header.bits / 8;
    for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
      int mask = header.masks[channel];
      int shift = Integer.numberOfTrailingZeros(mask);
      int most = mask >>> shift;
      for (int column = 0, at = from; column < header.width; column++, at += bytes) {
        int value = bytes == 2 ? data.getChar(at) : data.getInt(at);
        rgb[to + column * RgbImage.CHANNELS + channel] = (byte) (((value & mask) >>> shift) * 255 / most);
      }
    }
  }

  /** Beyond the palette's end: grey of the index, as Pillow's palettes begin. */
  private byte[] readPalette() {
    byte[] colours = PngDecoder.greyRamp();
    byte[] file = source.bytes();
    int given = Math.min(header.colours, 1 << header.bits);
    for (int index = 0, from = header.palette; index < given; index++, from += header.colourBytes) {
      for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
        colours[RgbImage.CHANNELS * index + channel] = file[from + 2 - channel];
      }
    }
    return colours;
  }
}
