package org.conceptclip.image;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * Strips and tiles that are JPEGs, whose tables may stand in a tag of their own. Each is put together as a JPEG file and checked as one:
 * its size and components have to be those of the strip before any decoder sees it. As for libtiff, the TIFF's tags say what the components
 * mean, not the JPEG's markers. YCbCr comes out as RGB, everything else as it is stored.
 */
final class TiffJpeg extends TiffUnpacker {
  private static final int SOI = 0xd8;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;
  private static final int COMMENT = 0xfe;
  private static final int ADOBE_BYTES = 16;
  private static final int MOST_TABLE_BYTES = 1 << 16;

  private final TiffLayout layout;
  private final byte[] tables;

  /** Null until the first strip has passed, and where libjpeg-turbo cannot be used. */
  private NativeJpeg turbo;

  private byte[] rows = {};
  private int taken;
  private int limit;

  TiffJpeg(ImageSource source, TiffTags tags, TiffLayout layout) {
    super(source, layout);
    this.layout = layout;
    if (tags.count(TiffTags.JPEG_TABLES) > MOST_TABLE_BYTES) {
      throw source.damaged("JPEG tables of " + tags.count(TiffTags.JPEG_TABLES) + " bytes", "at most " + MOST_TABLE_BYTES);
    }
    this.tables = tags.bytes(TiffTags.JPEG_TABLES);
  }

  /** Heap that one strip or tile takes: as a file twice, decoded, and once more in the JDK's raster. */
  static long heapBytes(ImageSource source, TiffLayout layout) {
    return 3 * decodedBytes(layout) + 2L * Math.min(source.length(), MOST_TABLE_BYTES + 2L * decodedBytes(layout) + (1 << 20));
  }

  /** Native memory of one strip or tile: pixels, all coefficients of a progressive one, and the file. */
  static long nativeBytes(ImageSource source, TiffLayout layout) {
    return 3 * decodedBytes(layout) + source.length() + 256L * layout.segmentWidth + (4 << 20);
  }

  private static long decodedBytes(TiffLayout layout) {
    return (long) layout.rowBytes() * layout.segmentHeight;
  }

  @Override
  void restart() {
    source.gate().check();
    byte[] file = file();
    ImageSource jpeg = new ImageSource(file, file.length, source.name(), ImageFormat.JPEG, source.gate().within());
    JpegHeader header = new JpegHeader(jpeg);
    int components = layout.together();
    // Some writers leave the last strip as high as the others.
    long rowsInPicture = layout.segmentBytes(segment()) / layout.rowBytes();
    if (header.width != layout.segmentWidth || header.height < rowsInPicture || header.height > layout.segmentHeight
        || header.colour.components != components) {
      throw damaged("is a JPEG of " + header.width + "x" + header.height + " with " + header.colour.components
          + " components where the tags say " + layout.segmentWidth + "x" + rowsInPicture + " with " + components);
    }
    try {
      decode(header);
    } catch (IOException e) {
      throw damaged("is a damaged JPEG");
    }
    taken = 0;
  }

  @Override
  void unpack(byte[] target, int from, int count) {
    if (count > limit - taken) {
      throw endsEarly();
    }
    System.arraycopy(rows, taken, target, from, count);
    taken += count;
  }

  @Override
  public void close() {
    if (turbo != null) {
      turbo.close();
    }
  }

  private void decode(JpegHeader header) throws IOException {
    int components = header.colour.components;
    limit = Math.toIntExact((long) header.width * header.height * components);
    rows = rows.length < limit ? new byte[limit] : rows;
    if (NativeJpeg.takes(header)) {
      if (turbo == null) {
        turbo = JpegLibrary.find().map(NativeJpeg::new).orElse(null);
      }
      if (turbo != null && turbo.decode(header, new Strip())) {
        return;
      }
    }
    if (components == 4) {
      readInks(header);
    } else {
      JpegDecoder.decodeByJdk(header, new Strip());
    }
  }

  /** Four components as they are stored: inks, which in a TIFF are not inverted. */
  private void readInks(JpegHeader header) throws IOException {
    ImageReader reader = PluginReaders.jdk("jpeg");
    try (ImageInputStream input = new JpegStream(header)) {
      reader.setInput(input, true, true);
      rows = PluginReaders.bytes(reader.readRaster(0, null));
    } finally {
      reader.dispose();
    }
  }

  /** Puts the rows of a strip together. */
  private final class Strip implements RowSink {
    private int rowBytes;
    private int filled;

    @Override
    public void begin(int width, int height, int channels) {
      rowBytes = width * channels;
      filled = 0;
    }

    @Override
    public void rows(MemorySegment from, long offset, int count) {
      MemorySegment.copy(from, ValueLayout.JAVA_BYTE, offset, rows, filled, count * rowBytes);
      filled += count * rowBytes;
    }
  }

  /** The strip as a file of its own: start, what the components mean, tables, and the strip without application segments. */
  private byte[] file() {
    int tableEnd = tables.length;
    if (tableEnd >= 4 && (tables[tableEnd - 2] & 0xff) == 0xff && (tables[tableEnd - 1] & 0xff) == EOI) {
      tableEnd -= 2;
    }
    byte[] out = new byte[Math.toIntExact(2L + ADOBE_BYTES + tableEnd + (end - at))];
    int transform = layout.photometric == TiffLayout.YCBCR ? 1 : 0;
    byte[] head = {
        (byte) 0xff, (byte) SOI, (byte) 0xff, (byte) 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, (byte) transform};
    System.arraycopy(head, 0, out, 0, head.length);
    int to = copySegments(tables, 0, tableEnd, out, head.length);
    to = copySegments(source.bytes(), at, end, out, to);
    return Arrays.copyOf(out, to);
  }

  /** Copies what follows a start marker, without application segments and comments. From the first scan on all is copied. */
  private int copySegments(byte[] from, int begin, int stop, byte[] out, int to) {
    if (stop - begin < 4) {
      return to;
    }
    if ((from[begin] & 0xff) != 0xff || (from[begin + 1] & 0xff) != SOI) {
      throw damaged("does not begin as a JPEG does");
    }
    int next = begin + 2;
    while (stop - next >= 4) {
      int marker = from[next + 1] & 0xff;
      if ((from[next] & 0xff) != 0xff || marker == SOS || marker == EOI) {
        break;
      }
      int length = marker == 0xff ? 1 : 2 + ((from[next + 2] & 0xff) << 8 | from[next + 3] & 0xff);
      if (length > stop - next) {
        throw endsEarly();
      }
      if ((marker & 0xf0) != 0xe0 && marker != COMMENT && marker != 0xff) {
        System.arraycopy(from, next, out, to, length);
        to += length;
      }
      next += length;
    }
    System.arraycopy(from, next, out, to, stop - next);
    return to + stop - next;
  }
}
