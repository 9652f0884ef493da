package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.conceptclip.util.Closer;

/**
 * JPEG through libjpeg-turbo, row by row, for undamaged files of the common kinds; {@link JpegDecoder} takes the rest. Owns native memory.
 * Not thread-safe.
 */
final class NativeJpeg implements AutoCloseable {
  /** Most bytes kept for the file. */
  static final long KEPT_FILE_BYTES = 4 << 20;

  /** Most bytes kept for rows: 64 of 5460 pixels. */
  static final long KEPT_ROW_BYTES = 1 << 20;

  /**
   * The longest that a file of several scans may take before its first row, by {@link #scanNanos}. Nothing can end libjpeg in the midst of
   * it. Longer ones are for the JDK's decoder, which asks for the file's bytes on the way.
   */
  static final long UNINTERRUPTED_NANOS = 200_000_000;

  /** Estimated processor time of libjpeg-turbo for the visit of a block by a scan, for a byte of code, and for a decoded pixel. */
  private static final int VISIT_NANOS = 60;

  private static final int BYTE_NANOS = 20;
  private static final int PIXEL_NANOS = 10;

  /** Rows of samples, and what else libjpeg and libtiff allocate for a column and for a file. */
  private static final int COLUMN_BYTES = 256;

  private static final int FIXED_BYTES = 1 << 20;

  private final JpegLibrary library;
  private final Closer resources = new Closer();
  private final NativeScratch file = resources.own(new NativeScratch(KEPT_FILE_BYTES));
  private final NativeScratch rows = resources.own(new NativeScratch(KEPT_ROW_BYTES));
  private final JpegContainer container = new JpegContainer(resources.own(Arena.ofShared()));
  private final MemorySegment options;

  NativeJpeg(JpegLibrary library) {
    this.library = library;
    this.options = library.options(container);
    resources.own(options, () -> library.release(options));
  }

  /**
   * Whether a file is of a kind that libtiff takes: grey, RGB without subsampling, and luma with chroma of lower resolution by 1, 2 or
   * 4 along each side; and whether its rows come as its code is read, or soon after.
   */
  static boolean takes(JpegHeader header) {
    int[] sampling = header.sampling;
    boolean quick = header.interleaved || header.isProgressive() && scanNanos(header) <= UNINTERRUPTED_NANOS;
    return quick && switch (header.colour) {
      case GREY -> isLegal(sampling[0] >> 4) && isLegal(sampling[0] & 0xf);
      case RGB -> sampling[0] == 0x11 && sampling[1] == 0x11 && sampling[2] == 0x11;
      case YCC -> isFactor(sampling[0] >> 4) && isFactor(sampling[0] & 0xf) && sampling[1] == 0x11 && sampling[2] == 0x11;
      case CMYK, YCCK -> false;
    };
  }

  /** Estimated processor time of reading all scans. */
  static long scanNanos(JpegHeader header) {
    return header.scans.visits * VISIT_NANOS + (long) header.scans.bytes * BYTE_NANOS;
  }

  /** Estimated processor time of decoding and resizing. */
  static long nanos(JpegHeader header) {
    return scanNanos(header) + (long) header.width * header.height * PIXEL_NANOS;
  }

  /**
   * Decodes a file of a kind that {@link #takes} accepts, in memory that it leases.
   *
   * @return whether the sink has the picture; false if the library reported any error or warning, and then the sink has to begin anew
   */
  boolean decode(JpegHeader header, RowSink sink) {
    ImageSource source = header.source;
    int components = header.colour.components;
    int scanBytes = source.length() - header.codeStart;
    long fileBytes = JpegContainer.STRIP + 2L + header.tableBytes + scanBytes;
    long rowBytes = (long) header.width * components;
    int batch = Math.min(header.height, sink.batchRows(header.width, components));
    long coefficients = header.interleaved ? 0 : header.scans.blocks * JpegScans.BLOCK_BYTES;
    source.gate().enter(0,
        fileBytes + batch * rowBytes + coefficients + (long) header.width * COLUMN_BYTES + FIXED_BYTES, nanos(header));
    MemorySegment input = file.atLeast(fileBytes).asSlice(0, fileBytes);
    long at = JpegContainer.STRIP;
    input.set(ValueLayout.JAVA_BYTE, at, (byte) 0xff);
    input.set(ValueLayout.JAVA_BYTE, at + 1, (byte) JpegHeader.SOI);
    at += 2;
    long frame = header.copyTables(input, at);
    if (components == 1) {
      // A single component has the picture's size whatever its factors, but libtiff insists on 1x1.
      input.set(ValueLayout.JAVA_BYTE, frame + 11, (byte) 0x11);
    }
    at += header.tableBytes;
    MemorySegment.copy(source.bytes(), header.codeStart, input, ValueLayout.JAVA_BYTE, at, scanBytes);
    MemorySegment output = rows.atLeast(batch * rowBytes);
    container.describe(header, input);
    MemorySegment tiff = library.open(container, options, header.colour == JpegHeader.Colour.YCC);
    if (tiff == null) {
      return false;
    }
    try {
      return read(header, sink, tiff, output, batch) && !container.hasComplaints();
    } finally {
      library.close(tiff);
      container.forget();
    }
  }

  private boolean read(JpegHeader header, RowSink sink, MemorySegment tiff, MemorySegment output, int batch) {
    int components = header.colour.components;
    sink.begin(header.width, header.height, components);
    for (int row = 0; row < header.height; row += batch) {
      header.source.gate().check();
      int count = Math.min(batch, header.height - row);
      if (!library.read(tiff, output, (long) header.width * components, row, count) || container.hasComplaints()) {
        return false;
      }
      sink.rows(output, 0, count);
    }
    return true;
  }

  /** Native bytes held for files and rows. */
  long scratchBytes() {
    return file.bytes() + rows.bytes();
  }

  /** Ends the use for one picture: frees what an unusually large one took. */
  void trim() {
    file.trim();
    rows.trim();
  }

  @Override
  public void close() {
    resources.close();
  }

  /** What libjpeg accepts. To be called before the factors are overwritten. */
  private static boolean isLegal(int factor) {
    return factor >= 1 && factor <= 4;
  }

  private static boolean isFactor(int factor) {
    return factor == 1 || factor == 2 || factor == 4;
  }
}
