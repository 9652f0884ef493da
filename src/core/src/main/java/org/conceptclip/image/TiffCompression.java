package org.conceptclip.image;

import org.conceptclip.tensor.BadInputException;

/** The compressions of TIFF that are read. */
enum TiffCompression {
  NONE("no", 1),

  /** Two bytes stand for 128 at most. */
  PACK_BITS("PackBits", 64),

  /** A code of 12 bits stands for the longest string that 3,838 earlier codes can have built, which has as many bytes. */
  LZW("LZW", 2560),

  /** A match of 258 bytes takes two bits at least. */
  DEFLATE("Deflate", 1032),

  /** One bit a row at least: see {@link TiffLayout}. */
  FAX_RUNS("CCITT modified Huffman", 0),
  FAX_GROUP_3("CCITT group 3", 0),
  FAX_GROUP_4("CCITT group 4", 0),

  /** Each strip or tile is a JPEG, which is checked as a file is. */
  JPEG("JPEG", 0);

  final String title;

  /** Most bytes of pixels that a byte of the file can stand for. */
  final int mostBytesPerByte;

  TiffCompression(String title, int mostBytesPerByte) {
    this.title = title;
    this.mostBytesPerByte = mostBytesPerByte;
  }

  boolean isFax() {
    return this == FAX_RUNS || this == FAX_GROUP_3 || this == FAX_GROUP_4;
  }

  /** The compression of tag 259. Rejects all others, by their name. */
  static TiffCompression of(ImageSource source, long number) {
    return switch (Math.clamp(number, -1, 1 << 17)) {
      case 1 -> NONE;
      case 2 -> FAX_RUNS;
      case 3 -> FAX_GROUP_3;
      case 4 -> FAX_GROUP_4;
      case 5 -> LZW;
      case 7 -> JPEG;
      case 8, 32946 -> DEFLATE;
      case 32773 -> PACK_BITS;
      default -> throw new BadInputException(source.name() + ": TIFF compression " + name(number)
          + " is not supported, expected none, PackBits, LZW, Deflate, JPEG or CCITT; save the picture with one of these");
    };
  }

  private static String name(long number) {
    String name = switch (Math.clamp(number, -1, 1 << 17)) {
      case 6 -> "old-style JPEG";
      case 9, 10, 34661 -> "JBIG";
      case 32766 -> "NeXT";
      case 32771 -> "CCITT in words";
      case 32809 -> "ThunderScan";
      case 32908, 32909 -> "PixarLog";
      case 33003, 33004, 33005, 34712 -> "JPEG 2000";
      case 34676, 34677 -> "SGILog";
      case 34887 -> "LERC";
      case 34892 -> "lossy JPEG of DNG";
      case 34925 -> "LZMA";
      case 50000, 34926 -> "zstd";
      case 50001, 34927 -> "WebP";
      case 50002, 52546 -> "JPEG XL";
      default -> null;
    };
    return name == null ? String.valueOf(number) : name;
  }
}
