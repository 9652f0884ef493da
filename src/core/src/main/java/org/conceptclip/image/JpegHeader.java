package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.conceptclip.tensor.BadInputException;

/**
 * What a JPEG's marker segments say, read before any pixel is decoded.
 *
 * <pre>
 * file    = FFD8 segment* scan+ FFD9
 * segment = FF [marker][int16 length, itself included, big-endian][bytes]
 * scan    = SOS segment, entropy-coded bytes in which FF is followed by 00 or a restart marker
 * </pre>
 */
final class JpegHeader {
  /** What the stored components mean, by libjpeg's rules for files that do not say. */
  enum Colour {
    GREY(1),
    RGB(3),
    YCC(3),
    CMYK(4),
    YCCK(4);

    final int components;

    Colour(int components) {
      this.components = components;
    }
  }

  static final int SOI = 0xd8;
  static final int EOI = 0xd9;
  static final int SOS = 0xda;
  private static final int COMMENT = 0xfe;

  final ImageSource source;
  final int width;
  final int height;
  final Colour colour;

  /** For each component its horizontal and vertical sampling factor, 4 bits each. */
  final int[] sampling;

  /** Offset of the first SOS marker. */
  final int codeStart;

  /** Whether the file is sequential and its first scan has all components: rows come out as the code is read. */
  final boolean interleaved;

  /** Whether a sequential file's first scan names Huffman tables that do not come before it: frames of motion JPEG omit them. */
  final boolean lacksTables;

  /** Bytes of the segments before the first scan that a decoder needs. */
  final int tableBytes;

  /** The scans, and what decoding them takes. */
  final JpegScans scans;

  /** Offset of the SOF marker. */
  int frame = -1;

  private final byte[] file;
  private final ByteBuffer data;
  private boolean jfif;
  private int adobeTransform = -1;

  /** A bit for each Huffman table defined so far: class (0 DC, 1 AC) in the upper half of the bit's number, identity in the lower. */
  private int huffmanTables;

  /**
   * Reads the segments before the first scan and finds the end of the last.
   *
   * @throws BadInputException if the file ends before its end marker, or is of a kind not read here
   */
  JpegHeader(ImageSource source) {
    this.source = source;
    this.file = source.bytes();
    this.data = source.numbers(ByteOrder.BIG_ENDIAN);
    codeStart = readSegments();
    if (frame < 0) {
      throw source.damaged("a scan without frame header", "SOF0, SOF1 or SOF2 first");
    }
    height = data.getChar(frame + 5);
    width = data.getChar(frame + 7);
    colour = readColour();
    sampling = new int[colour.components];
    for (int component = 0; component < sampling.length; component++) {
      sampling[component] = file[frame + 11 + 3 * component] & 0xff;
    }
    scans = new JpegScans(this);
    tableBytes = countTableBytes();
    interleaved = !isProgressive() && data.getChar(codeStart + 2) == 6 + 2 * colour.components
        && file[codeStart + 4] == colour.components;
    lacksTables = !isProgressive() && findMissingTable();
  }

  boolean isProgressive() {
    return (file[frame + 1] & 0xff) == 0xc2;
  }

  /** The number by which scans name a component. */
  int identity(int component) {
    return file[frame + 10 + 3 * component] & 0xff;
  }

  /** Whether a component has the full width of the picture but half its height. */
  boolean hasHalfHeight(int component) {
    int widest = 0;
    int highest = 0;
    for (int factors : sampling) {
      widest = Math.max(widest, factors >> 4);
      highest = Math.max(highest, factors & 0xf);
    }
    return sampling[component] >> 4 == widest && 2 * (sampling[component] & 0xf) == highest;
  }

  /**
   * Copies what a decoder needs of the segments before the first scan, {@link #tableBytes} in all: not profiles, comments and thumbnails,
   * nor the marker that begins a file.
   *
   * @return where the frame header lies in the copy
   */
  long copyTables(MemorySegment target, long offset) {
    long to = offset;
    long frameAt = -1;
    for (int at = 2; at < codeStart; at = segmentEnd(at)) {
      if (matters(at)) {
        frameAt = at == frame ? to : frameAt;
        int length = segmentEnd(at) - at;
        MemorySegment.copy(file, at, target, ValueLayout.JAVA_BYTE, to, length);
        to += length;
      }
    }
    return frameAt;
  }

  private int countTableBytes() {
    int sum = 0;
    for (int at = 2; at < codeStart; at = segmentEnd(at)) {
      sum += matters(at) ? segmentEnd(at) - at : 0;
    }
    return sum;
  }

  private int segmentEnd(int at) {
    return (file[at + 1] & 0xff) == 0xff ? at + 1 : at + 2 + data.getChar(at + 2);
  }

  private boolean matters(int at) {
    int marker = file[at + 1] & 0xff;
    return (marker & 0xf0) != 0xe0 && marker != COMMENT && marker != 0xff;
  }

  /** Takes the segments up to the first scan. Returns where that begins. */
  private int readSegments() {
    int at = 2;
    while (true) {
      source.require(at + 4);
      int marker = file[at + 1] & 0xff;
      if ((file[at] & 0xff) != 0xff) {
        throw source.damaged(String.format("byte 0x%02x at %d", file[at], at), "a marker");
      }
      if (marker == 0xff) {
        at++;
        continue;
      }
      int length = data.getChar(at + 2);
      if (marker == EOI || marker <= 0x01 || (marker & 0xf8) == 0xd0 || marker == SOI || length < 2) {
        throw source.damaged(String.format("marker 0x%02x of length %d before the first scan", marker, length),
            "tables, frame header and scan");
      }
      source.require(at + 2 + length);
      if (marker == SOS) {
        return at;
      }
      take(marker, at, length);
      at += 2 + length;
    }
  }

  private void take(int marker, int at, int length) {
    boolean isFrame = (marker & 0xf0) == 0xc0 && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (isFrame) {
      takeFrame(marker, at, length);
    } else if (marker == 0xe0 && length >= 7 && ImageFormat.has(file, source.length(), at + 4, "JFIF")) {
      jfif = true;
    } else if (marker == 0xee && length >= 14 && ImageFormat.has(file, source.length(), at + 4, "Adobe")) {
      adobeTransform = file[at + 15] & 0xff;
    } else if (marker == 0xc4) {
      takeHuffmanTables(at + 4, at + 2 + length);
    }
  }

  /** {@code ([class and identity, 4 bits each][16 counts][as many bytes as the counts add up to])*}. */
  private void takeHuffmanTables(int from, int end) {
    int table = from;
    while (table + 17 <= end) {
      huffmanTables |= 1 << (file[table] & 0x1f);
      int symbols = 0;
      for (int i = 1; i <= 16; i++) {
        symbols += file[table + i] & 0xff;
      }
      table += 17 + symbols;
    }
  }

  private void takeFrame(int marker, int at, int length) {
    if (frame >= 0) {
      throw source.damaged("a second frame header", "one");
    }
    if (marker > 0xc2) {
      throw new BadInputException(source.name() + ": JPEG of kind SOF" + (marker & 0xf)
          + " (lossless, hierarchical or arithmetic), expected baseline or progressive Huffman coding");
    }
    if (length < 8 || length != 8 + 3 * (file[at + 9] & 0xff)) {
      throw source.damaged("frame header of " + length + " bytes", "8 and 3 for each component");
    }
    if (file[at + 4] != 8) {
      throw new BadInputException(source.name() + ": JPEG of " + file[at + 4] + " bits a sample, expected 8");
    }
    source.checkSize(data.getChar(at + 7), data.getChar(at + 5));
    frame = at;
  }

  private Colour readColour() {
    int components = file[frame + 9] & 0xff;
    return switch (components) {
      case 1 -> Colour.GREY;
      case 3 -> {
        boolean named = file[frame + 10] == 'R' && file[frame + 13] == 'G' && file[frame + 16] == 'B';
        boolean rgb = !jfif && (adobeTransform >= 0 ? adobeTransform == 0 : named);
        yield rgb ? Colour.RGB : Colour.YCC;
      }
      case 4 -> adobeTransform > 0 ? Colour.YCCK : Colour.CMYK;
      default -> throw new BadInputException(
          source.name() + ": JPEG of " + components + " components, expected 1 (grey), 3 (colour) or 4 (CMYK)");
    };
  }

  /** {@code FFDA [length][components]([identity][DC and AC table, 4 bits each])*}. */
  private boolean findMissingTable() {
    int components = file[codeStart + 4] & 0xff;
    if (data.getChar(codeStart + 2) != 6 + 2 * components) {
      return false;
    }
    for (int component = 0; component < components; component++) {
      int tables = file[codeStart + 6 + 2 * component] & 0xff;
      int needed = 1 << (tables >> 4 & 0xf) | 1 << 16 << (tables & 0xf);
      if ((huffmanTables & needed) != needed) {
        return true;
      }
    }
    return false;
  }
}
