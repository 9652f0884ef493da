package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import org.conceptclip.util.Closer;

/**
 * The first page of a TIFF, row by row. As in Pillow the orientation tag is applied (for TIFF alone), the high byte of 16-bit colours is
 * taken and colours multiplied by alpha are divided by it. 16-bit grey and floating-point samples are rejected (Pillow clips them at 255).
 *
 * <p>Holds some rows of the picture, or a row of tiles, or one strip that is a JPEG; the whole picture only where the orientation does not
 * begin with the first row.
 */
final class TiffDecoder {
  /** Bytes of rows that are handed on at once; at least one row. */
  private static final int BATCH_BYTES = 1 << 18;

  /** Processor time of unpacking a byte, and of making and handing on a pixel: about twice what a current machine takes. */
  private static final int NANOS_PER_BYTE = 6;

  private static final int NANOS_PER_PIXEL = 8;

  private final ImageSource source;
  private final TiffLayout layout;
  private final TiffColour colour;
  private final RowSink sink;
  private final TiffUnpacker[] unpackers;
  private final int highByte;
  private final int batch;

  /** Rows of strips that have not been handed on. */
  private int filled;

  /** [batchRows, width, kept] for strips; for tiles as many rows as a tile has. */
  private final byte[] samples;

  private final byte[] raw;

  private TiffDecoder(ImageSource source, TiffTags tags, TiffLayout layout, RowSink sink, Closer resources) {
    this.source = source;
    this.layout = layout;
    this.sink = sink;
    this.colour = new TiffColour(source, tags, layout);
    this.batch = batchRows(layout);
    this.highByte = tags.order() == ByteOrder.LITTLE_ENDIAN ? 1 : 0;
    this.samples = new byte[Math.toIntExact(sampleBytes(layout))];
    this.raw = new byte[layout.rowBytes()];
    this.unpackers = new TiffUnpacker[layout.planes()];
    for (int plane = 0; plane < unpackers.length; plane++) {
      TiffUnpacker unpacker = TiffUnpacker.of(source, tags, layout);
      unpackers[plane] = resources.own(unpacker);
    }
  }

  static void decode(ImageSource source, RowSink sink) {
    TiffTags tags = new TiffTags(source);
    TiffLayout layout = new TiffLayout(source, tags);
    int orientation = (int) tags.first(TiffTags.ORIENTATION, 1);
    long pixels = (long) layout.width * layout.height;
    boolean jpeg = layout.compression == TiffCompression.JPEG;
    int channels = TiffColour.channels(layout);
    long heap = sampleBytes(layout) + layout.rowBytes() + 3L * batchRows(layout) * layout.width * RgbImage.CHANNELS
        + Orientation.heapBytes(orientation, pixels * channels)
        + layout.planes() * (jpeg ? TiffJpeg.heapBytes(source, layout) : TiffUnpacker.heapBytes(layout));
    long outside = jpeg ? layout.planes() * TiffJpeg.nativeBytes(source, layout) : 0;
    source.gate().enter(heap, outside, NANOS_PER_BYTE * layout.rawBytes() + NANOS_PER_PIXEL * pixels);
    try (Closer resources = new Closer()) {
      RowSink upright = Orientation.upright(orientation, sink, source.gate());
      new TiffDecoder(source, tags, layout, upright, resources).decode();
    }
  }

  private static int batchRows(TiffLayout layout) {
    int rows = Math.clamp(BATCH_BYTES / ((long) layout.width * layout.kept), 1, layout.height);
    return Math.ceilDiv(rows, layout.chromaDown) * layout.chromaDown;
  }

  private static long sampleBytes(TiffLayout layout) {
    int rows = layout.across == 1 ? batchRows(layout) : Math.min(layout.segmentHeight, layout.height);
    return (long) Math.ceilDiv(rows, layout.chromaDown) * layout.chromaDown * layout.width * layout.kept;
  }

  private void decode() {
    sink.begin(layout.width, layout.height, colour.channels());
    for (int top = 0; top < layout.height; top += layout.segmentHeight) {
      int rows = Math.min(layout.segmentHeight, layout.height - top);
      if (layout.across > 1) {
        decodeTiles(top, rows);
      } else {
        decodeStrip(top, rows);
      }
    }
    handOn(0, filled);
  }

  private void decodeTiles(int top, int rows) {
    for (int column = 0; column < layout.across; column++) {
      open(top, column);
      readRows(0, rows, column * layout.segmentWidth);
    }
    for (int row = 0; row < rows; row += batch) {
      handOn(row, Math.min(batch, rows - row));
    }
  }

  /** Rows of several low strips go together. */
  private void decodeStrip(int top, int rows) {
    open(top, 0);
    for (int row = 0; row < rows; ) {
      int count = Math.min(batch - filled, rows - row);
      readRows(filled, count, 0);
      row += count;
      filled += count;
      if (filled == batch || filled % layout.chromaDown != 0) {
        handOn(0, filled);
        filled = 0;
      }
    }
  }

  private void open(int top, int column) {
    for (int plane = 0; plane < unpackers.length; plane++) {
      unpackers[plane].open(layout.segment(top, column, plane));
    }
  }

  private void handOn(int row, int count) {
    if (count == 0) {
      return;
    }
    source.gate().check();
    sink.rows(MemorySegment.ofArray(colour.convert(samples, row * layout.width * layout.kept, count * layout.width)), 0, count);
  }

  /** Reads the next rows of the open segments into the samples, from a row and a column on. */
  private void readRows(int first, int rows, int x) {
    int columns = Math.min(layout.segmentWidth, layout.width - x);
    for (int row = 0; row < rows; row += layout.chromaDown) {
      for (int plane = 0; plane < unpackers.length; plane++) {
        unpackers[plane].read(raw, 0, raw.length);
        int to = ((first + row) * layout.width + x) * layout.kept + plane;
        if (layout.chromaAcross * layout.chromaDown > 1) {
          spreadChroma(to, Math.min(layout.chromaDown, rows - row), columns);
        } else {
          takeRow(to, columns);
        }
      }
    }
  }

  private void takeRow(int to, int columns) {
    if (layout.predicted) {
      undoPrediction();
    }
    int together = layout.together();
    if (layout.bits < 8) {
      int mask = (1 << layout.bits) - 1;
      for (int column = 0, bit = layout.bits; column < columns; column++, bit += layout.bits) {
        samples[to + column] = (byte) (raw[bit - 1 >> 3] >> (-bit & 7) & mask);
      }
      return;
    }
    int bytes = layout.bits / 8;
    int taken = layout.planar ? 1 : layout.kept;
    if (bytes == 1 && taken == together && taken == layout.kept) {
      System.arraycopy(raw, 0, samples, to, columns * taken);
      return;
    }
    int high = bytes == 2 ? highByte : 0;
    for (int column = 0, from = high; column < columns; column++, from += together * bytes, to += layout.kept) {
      for (int sample = 0; sample < taken; sample++) {
        samples[to + sample] = raw[from + sample * bytes];
      }
    }
  }

  /** Each value was stored as the difference from that of the pixel to the left. */
  private void undoPrediction() {
    int together = layout.together();
    if (layout.bits == 8) {
      for (int i = together; i < raw.length; i++) {
        raw[i] += raw[i - together];
      }
      return;
    }
    int low = 1 - highByte;
    for (int left = 0, at = 2 * together; at < raw.length; left += 2, at += 2) {
      int sum = (raw[left + low] & 0xff) + (raw[at + low] & 0xff) + ((raw[left + highByte] + raw[at + highByte]) << 8);
      raw[at + low] = (byte) sum;
      raw[at + highByte] = (byte) (sum >> 8);
    }
  }

  /** Units of luma, row by row, and one pair of chroma that serves them all. */
  private void spreadChroma(int to, int rows, int columns) {
    int wide = layout.chromaAcross;
    int luma = wide * layout.chromaDown;
    for (int column = 0, unit = 0; column < columns; column += wide, unit += luma + 2) {
      for (int row = 0; row < rows; row++) {
        int at = to + (row * layout.width + column) * layout.kept;
        for (int x = 0; x < Math.min(wide, columns - column); x++, at += layout.kept) {
          samples[at] = raw[unit + row * wide + x];
          samples[at + 1] = raw[unit + luma];
          samples[at + 2] = raw[unit + luma + 1];
        }
      }
    }
  }
}
