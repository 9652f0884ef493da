package org.conceptclip.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.conceptclip.tensor.BadInputException;

/**
 * What the header of a BMP says, checked before memory is allocated. The file's own size is not looked at: some writers leave it 0.
 *
 * <pre>
 * file   = "BM" [int32 file size][int32 0][int32 offset of the pixels] header masks? palette? pixels
 * header = [int32 12][uint16 width, height, planes, bits]
 *        | [int32 40, 52, 56, 64, 108 or 124][int32 width, height][uint16 planes, bits][int32 compression] ...
 * </pre>
 */
final class BmpHeader {
  static final int PLAIN = 0;
  static final int RLE8 = 1;
  static final int RLE4 = 2;

  private static final int BIT_FIELDS = 3;
  private static final int FILE_HEADER_BYTES = 14;
  private static final int CORE_BYTES = 12;
  private static final int OS2_BYTES = 64;
  private static final int INFO_BYTES = 40;
  private static final int[] HEADER_BYTES = {CORE_BYTES, INFO_BYTES, 52, 56, OS2_BYTES, 108, 124};

  /** Two bytes of a run stand for 255 pixels. */
  private static final int PIXELS_PER_RUN_BYTE = 128;

  final int width;
  final int height;

  /** Whether the first row is the lowest. */
  final boolean bottomUp;

  final int bits;
  final int compression;

  /** Offset of the pixels, and of the palette with how many colours of how many bytes. */
  final int pixels;

  final int palette;
  final int colours;
  final int colourBytes;

  /** For pixels of 16 or 32 bits the bits of red, green and blue. */
  final int[] masks;

  private final ImageSource source;
  private final ByteBuffer data;
  private final int headerBytes;

  BmpHeader(ImageSource source) {
    this.source = source;
    source.require(FILE_HEADER_BYTES + CORE_BYTES);
    data = source.numbers(ByteOrder.LITTLE_ENDIAN);
    headerBytes = data.getInt(FILE_HEADER_BYTES);
    boolean core = headerBytes == CORE_BYTES;
    long announcedHeight = core ? data.getChar(20) : data.getInt(22);
    long announcedWidth = core ? data.getChar(18) : data.getInt(18);
    // A negative height stores the rows from the top down.
    source.checkSize(announcedWidth, Math.abs(announcedHeight));
    width = (int) announcedWidth;
    height = (int) Math.abs(announcedHeight);
    bottomUp = announcedHeight >= 0;
    checkHeaderSize();
    source.require(FILE_HEADER_BYTES + headerBytes);
    bits = data.getChar(core ? 24 : 28);
    compression = core ? PLAIN : data.getInt(30);
    checkKind();
    masks = bits == 16 || bits == 32 ? readMasks() : new int[0];
    int afterHeader = FILE_HEADER_BYTES + headerBytes + (hasMasksBehind() ? 12 : 0);
    colourBytes = core ? 3 : 4;
    colours = bits > 8 ? 0 : readColours(core);
    palette = afterHeader;
    long offset = data.getInt(10) & 0xffffffffL;
    if (offset == 0 || bits <= 8 && offset == afterHeader) {
      // As Pillow does for files that do not count the palette.
      offset = afterHeader + (long) colourBytes * colours;
    }
    if (offset < FILE_HEADER_BYTES + headerBytes) {
      throw source.damaged("pixels at byte " + offset + ", inside the header", "at least byte " + afterHeader);
    }
    source.require(offset);
    pixels = (int) offset;
    if (colours > 0) {
      source.require(palette + Math.min(colours, 1L << bits) * colourBytes);
    }
    checkCarried();
  }

  /** Bytes from the start of a row to the start of the next; compressed pictures have no such number. */
  int stride() {
    return Math.toIntExact(Math.ceilDiv((long) width * bits, 32) * 4);
  }

  boolean isRunLength() {
    return compression == RLE8 || compression == RLE4;
  }

  private void checkHeaderSize() {
    for (int known : HEADER_BYTES) {
      if (headerBytes == known) {
        return;
      }
    }
    throw refused("a header of " + (headerBytes & 0xffffffffL) + " bytes", "12, 40, 52, 56, 64, 108 or 124");
  }

  private void checkKind() {
    String name = switch (compression) {
      case PLAIN -> bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32 ? null : "no";
      case RLE8 -> bits == 8 ? null : "RLE8";
      case RLE4 -> bits == 4 ? null : "RLE4";
      case BIT_FIELDS -> headerBytes == OS2_BYTES ? "Huffman 1D" : bits == 16 || bits == 32 ? null : "bit field";
      case 4 -> headerBytes == OS2_BYTES ? "RLE24" : "JPEG";
      case 5 -> "PNG";
      case 6 -> "alpha bit field";
      case 11, 12, 13 -> "CMYK";
      default -> "unknown";
    };
    if (name != null) {
      throw refused(bits + " bits a pixel with " + name + " compression (" + (compression & 0xffffffffL) + ")",
          "1, 4, 8, 16, 24 or 32 bits uncompressed, bit fields of 16 or 32, RLE4 or RLE8");
    }
  }

  private boolean hasMasksBehind() {
    return compression == BIT_FIELDS && headerBytes == INFO_BYTES;
  }

  private int[] readMasks() {
    int[] found = bits == 16 ? new int[] {0x7c00, 0x3e0, 0x1f} : new int[] {0xff0000, 0xff00, 0xff};
    if (compression != BIT_FIELDS) {
      return found;
    }
    source.require(FILE_HEADER_BYTES + INFO_BYTES + 12);
    int[] given = new int[RgbImage.CHANNELS];
    for (int channel = 0; channel < given.length; channel++) {
      given[channel] = data.getInt(FILE_HEADER_BYTES + INFO_BYTES + 4 * channel);
    }
    if (bits == 32 && (given[0] | given[1] | given[2]) == 0) {
      return found;
    }
    for (int mask : given) {
      int shifted = mask >>> Integer.numberOfTrailingZeros(mask);
      if (mask == 0 || shifted > 0xff || (shifted & shifted + 1) != 0 || bits == 16 && mask >>> 16 != 0) {
        throw refused(String.format("bit fields %08x, %08x and %08x", given[0], given[1], given[2]),
            "1 to 8 bits side by side for red, green and blue");
      }
    }
    return given;
  }

  private int readColours(boolean core) {
    long given = core ? 0 : data.getInt(46) & 0xffffffffL;
    if (given > 65_536) {
      throw source.damaged("a palette of " + given + " colours", "at most 65536");
    }
    return given == 0 ? 1 << bits : (int) given;
  }

  private void checkCarried() {
    if (isRunLength()) {
      source.gate().checkCarried((long) width * height, (long) PIXELS_PER_RUN_BYTE * (source.length() - pixels), "pixels");
    } else {
      // The padding of the last row may be missing.
      source.require(pixels + (long) stride() * (height - 1) + Math.ceilDiv((long) width * bits, 8));
    }
  }

  private BadInputException refused(String found, String expected) {
    return new BadInputException(source.name() + ": BMP of " + found + " is not supported, expected " + expected);
  }
}
