package org.conceptclip.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.Deflater;

/** TIFF, BMP and WebP files made to cost far more than their bytes. None is stored. */
final class HostileTiffBmpWebp {
  /** Sides of a picture just below the default limit. */
  static final int SIDE = 13_377;

  private static final int MEGABYTE = 1 << 20;

  /** What becomes of a file: words of its refusal, or null if it is decoded. */
  record Case(byte[] file, String refusal) {}

  private HostileTiffBmpWebp() {}

  /** All of them by name. */
  static Map<String, Case> all() {
    Map<String, Case> cases = new LinkedHashMap<>();
    tiffLayouts(cases);
    tiffStreams(cases);
    bmps(cases);
    webps(cases);
    return cases;
  }

  private static void tiffLayouts(Map<String, Case> cases) {
    byte[] huge = progressiveJpeg(24_000, 24_000);
    cases.put("strip with a JPEG of 576 megapixels",
        refused(TiffWriter.of(64, 64, 6, 3).compressed(7, huge).file(), "24000x24000 = 576000000 pixels, expected at most"));
    byte[] colour = ImageFixtures.bytes("rgb_444.jpg");
    byte[] grey = ImageFixtures.bytes("grey.jpg");
    cases.put("strip with a larger JPEG", refused(TiffWriter.of(20, 20, 6, 3).compressed(7, colour).file(),
        "is a JPEG of 37x29 with 3 components where the tags say 20x20 with 3"));
    cases.put("strip with a smaller JPEG",
        refused(TiffWriter.of(64, 64, 1, 1).compressed(7, grey).file(), "where the tags say 64x64 with 1"));
    cases.put("strip with a JPEG of more components",
        refused(TiffWriter.of(37, 29, 1, 1).compressed(7, colour).file(), "where the tags say 37x29 with 1"));
    cases.put("tile with another JPEG", refused(tiled(64, 64, 64, 64).compressed(7, grey).file(), "where the tags say 64x64 with 1"));
    cases.put("JPEG tables of a megabyte", refused(TiffWriter.of(64, 64, 1, 1).bytes(TiffTags.JPEG_TABLES, new byte[MEGABYTE])
        .compressed(7, progressiveJpeg(64, 64)).file(), "JPEG tables of 1048576 bytes"));
    cases.put("tile of two billion columns", refused(tiled(64, 64, 1L << 31, 16).segments(new byte[1000]).file(), "2147483648x16"));
    cases.put("tiles a million times wider than the picture",
        refused(tiled(1, 1_000_000, 1_000_000, 16).segments(new byte[1000]).file(), "1000000x1000000"));
    cases.put("tile larger than the picture", decoded(tiled(64, 64, SIDE, SIDE).compressed(8, deflated(64 * SIDE)).file()));
    cases.put("a strip for each of many rows, all the same bytes", decoded(
        TiffWriter.of(64, 100_000, 1, 1).longs(TiffTags.ROWS_PER_STRIP, 1).compressed(8, deflated(64)).sharing(100_000)));
    cases.put("a thousand strips over the same useless megabyte", refused(TiffWriter.of(64, 1000, 1, 1)
        .longs(TiffTags.ROWS_PER_STRIP, 1).compressed(32773, filled(MEGABYTE, 0x80)).sharing(1000), "do not overlap"));
    cases.put("uncompressed strips over the same bytes", refused(TiffWriter.of(1000, 100_000, 1, 1)
        .longs(TiffTags.ROWS_PER_STRIP, 1).segments(new byte[1000]).sharing(100_000), "bytes of pixels, but its data can hold at most"));
    cases.put("178 megapixels in a hundred bytes of Deflate",
        refused(TiffWriter.of(SIDE, SIDE, 1, 1).compressed(8, new byte[100]).file(), "bytes of pixels, but its data can hold at most"));
    cases.put("turned picture", refused(
        bilevel(13_300, 13_300).shorts(TiffTags.ORIENTATION, 6).compressed(4, filled(2000, 0xff)).file(), "of native memory"));
    cases.put("more strips than the tag has", refused(
        TiffWriter.of(64, 64, 1, 1).longs(TiffTags.ROWS_PER_STRIP, 1).segments(new byte[64]).file(), "a size for each of 64"));
  }

  private static void tiffStreams(Map<String, Case> cases) {
    cases.put("40 megapixels of Deflate", decoded(TiffWriter.of(6400, 6400, 1, 1).compressed(8, deflated(6400 * 6400)).file()));
    ByteArrayOutputStream empty = new ByteArrayOutputStream();
    empty.writeBytes(new byte[] {0x78, (byte) 0x9c});
    for (int i = 0; i < 2 * MEGABYTE; i++) {
      empty.writeBytes(new byte[] {0, 0, 0, -1, -1});
    }
    cases.put("empty blocks of Deflate", refused(TiffWriter.of(64, 64, 1, 1).compressed(8, empty.toByteArray()).file(), "truncated"));
    // 9 bits of the clear code, 256, over and over: 100000000 100000000 ...
    byte[] clear = new byte[9 * MEGABYTE];
    for (int bit = 0; bit < 8 * clear.length; bit += 9) {
      clear[bit / 8] |= (byte) (0x80 >> bit % 8);
    }
    cases.put("clear codes of LZW", refused(TiffWriter.of(64, 64, 1, 1).compressed(5, clear).file(), "truncated"));
    cases.put("codes of PackBits without pixels",
        refused(TiffWriter.of(64, 64, 1, 1).compressed(32773, filled(8 * MEGABYTE, 0x80)).file(), "truncated"));
    cases.put("rows of one bit", decoded(bilevel(SIDE, 3000).compressed(4, filled(400, 0xff)).file()));
    cases.put("rows of less than one bit", refused(bilevel(1000, 100_000).compressed(4, filled(400, 0xff)).file(), "100000 rows"));
    cases.put("fill bits", refused(bilevel(64, 64).compressed(3, new byte[8 * MEGABYTE]).file(), "truncated"));
    // Horizontal mode, no white and no black pixel: 001 00110101 0000110111, 21 bits.
    cases.put("runs of no pixels", refused(bilevel(1000, 8).compressed(4, repeatedBits("001001101010000110111", MEGABYTE)).file(),
        "more changes than pixels"));
  }

  private static void bmps(Map<String, Case> cases) {
    cases.put("BMP of 178 megapixels without pixels", refused(bmp(SIDE, SIDE, 24, 0, new byte[100]), "truncated"));
    cases.put("endless ends of rows", refused(bmp(6400, 6400, 8, 1, new byte[1000]), "pixels, but its data can hold at most"));
    cases.put("ends of rows", decoded(bmp(64, 64, 8, 1, new byte[10 * MEGABYTE])));
    cases.put("moves to nowhere", refused(bmp(64, 64, 8, 1, repeated(8 * MEGABYTE, 0, 2, 0, 0)), "truncated"));
    cases.put("moves upwards", decoded(bmp(64, 64, 8, 1, repeated(4096, 0, 2, 0, 255))));
    cases.put("runs of one pixel, 40 megapixels", decoded(bmp(6400, 6400, 8, 1, runs(6400, 6400))));
    cases.put("lowest height", refused(bmp(64, Integer.MIN_VALUE, 24, 0, new byte[100]), "64x2147483648"));
    ByteBuffer palette = ByteBuffer.wrap(bmp(64, 64, 8, 0, new byte[4096])).order(ByteOrder.LITTLE_ENDIAN);
    cases.put("palette of four billion", refused(palette.putInt(46, -1).array(), "palette of 4294967295 colours"));
  }

  private static void webps(Map<String, Case> cases) {
    cases.put("lossless picture of no bits", decoded(webp(lossless(6400, 6400))));
    cases.put("lossy picture of few bytes", refused(webp(lossy(16_000, 11_000, 1000)), "pixels, but its data can hold at most"));
    cases.put("lossy picture of least bytes", decoded(webp(lossy(6400, 6400, 0))));
    byte[] tiny = lossless(1, 1);
    cases.put("canvas of 281 terapixels", refused(animation(1 << 24, 1 << 24, new byte[0], tiny), "16777216x16777216"));
    cases.put("canvas of 178 megapixels around one pixel", refused(animation(SIDE, SIDE, new byte[0], tiny), "outside of its first frame"));
    cases.put("canvas of 16 megapixels around one pixel", decoded(animation(4096, 4096, new byte[0], tiny)));
    cases.put("a million empty chunks", decoded(animation(64, 64, repeated(8 * MEGABYTE, 'X', 'X', 'X', 'X', 0, 0, 0, 0), tiny)));
    cases.put("65,536 groups of codes", decoded(webp(groups(1024, 1024))));
  }

  private static Case refused(byte[] file, String words) {
    return new Case(file, words);
  }

  private static Case decoded(byte[] file) {
    return new Case(file, null);
  }

  private static TiffWriter tiled(int width, int height, long tileWidth, long tileHeight) {
    return TiffWriter.of(width, height, 1, 1).without(TiffTags.ROWS_PER_STRIP).longs(TiffTags.TILE_WIDTH, tileWidth)
        .longs(TiffTags.TILE_HEIGHT, tileHeight);
  }

  private static TiffWriter bilevel(int width, int height) {
    return TiffWriter.of(width, height, 0, 1).shorts(TiffTags.BITS, 1);
  }

  static byte[] deflated(int zeros) {
    Deflater deflater = new Deflater(9);
    byte[] out = new byte[zeros / 900 + 100];
    deflater.setInput(new byte[zeros]);
    deflater.finish();
    int length = deflater.deflate(out);
    deflater.end();
    return Arrays.copyOf(out, length);
  }

  private static byte[] filled(int count, int value) {
    return repeated(count, value);
  }

  private static byte[] repeated(int count, int... values) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) values[i % values.length];
    }
    return bytes;
  }

  private static byte[] repeatedBits(String bits, int count) {
    byte[] bytes = new byte[count];
    for (int bit = 0; bit < 8 * count; bit++) {
      bytes[bit / 8] |= (byte) (bits.charAt(bit % bits.length()) == '1' ? 0x80 >> bit % 8 : 0);
    }
    return bytes;
  }

  /** Luma and chroma with almost no data: one scan of the first coefficient. */
  static byte[] progressiveJpeg(int width, int height) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {-1, (byte) 0xd8, -1, (byte) 0xdb, 0, 67, 0});
    out.writeBytes(filled(64, 1));
    out.writeBytes(new byte[] {-1, (byte) 0xc2, 0, 17, 8, (byte) (height >> 8), (byte) height, (byte) (width >> 8), (byte) width, 3,
        1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0});
    out.writeBytes(new byte[] {-1, (byte) 0xc4, 0, 20, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    out.writeBytes(new byte[] {-1, (byte) 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, -1, (byte) 0xd9});
    return out.toByteArray();
  }

  static byte[] bmp(int width, int height, int bits, int compression, byte[] pixels) {
    int palette = bits <= 8 ? 4 << bits : 0;
    ByteBuffer file = ByteBuffer.allocate(54 + palette + pixels.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put((byte) 'B').put((byte) 'M').putInt(file.capacity()).putInt(0).putInt(54 + palette);
    file.putInt(40).putInt(width).putInt(height).putShort((short) 1).putShort((short) bits).putInt(compression);
    return file.put(54 + palette, pixels).array();
  }

  /** A run of 255 pixels, one of what is left of a row, the end of the row. */
  private static byte[] runs(int width, int height) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int row = 0; row < height; row++) {
      for (int x = 0; x < width; x += 255) {
        out.write(Math.min(255, width - x));
        out.write(row);
      }
      out.writeBytes(new byte[2]);
    }
    return out.toByteArray();
  }

  private static byte[] chunk(String type, byte[]... bodies) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int length = Arrays.stream(bodies).mapToInt(body -> body.length).sum();
    ByteBuffer head = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    type.chars().forEach(letter -> head.put((byte) letter));
    out.writeBytes(head.putInt(length).array());
    Arrays.stream(bodies).forEach(out::writeBytes);
    out.writeBytes(new byte[length & 1]);
    return out.toByteArray();
  }

  /** A file of these chunks. */
  static byte[] webp(byte[]... chunks) {
    byte[][] bodies = new byte[chunks.length + 1][];
    bodies[0] = new byte[] {'W', 'E', 'B', 'P'};
    System.arraycopy(chunks, 0, bodies, 1, chunks.length);
    return chunk("RIFF", bodies);
  }

  private static byte[] int24(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(3 * values.length + 1).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < values.length; i++) {
      bytes.putInt(3 * i, values[i]);
    }
    return Arrays.copyOf(bytes.array(), 3 * values.length);
  }

  static byte[] animation(int width, int height, byte[] between, byte[] picture) {
    byte[] canvas = chunk("VP8X", new byte[] {2, 0, 0, 0}, int24(width - 1, height - 1));
    return webp(canvas, between, chunk("ANMF", int24(0, 0, 0, 0, 10), new byte[1], picture));
  }

  /** Writes bits, the lowest of each byte first. */
  private static final class Bits {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private long window;
    private int count;

    Bits put(int value, int bits) {
      window |= (long) value << count;
      for (count += bits; count >= 8; count -= 8, window >>>= 8) {
        out.write((int) window);
      }
      return this;
    }

    /** Five codes that have one symbol each, 0. */
    Bits group() {
      for (int i = 0; i < 5; i++) {
        put(0b0001, 4);
      }
      return this;
    }

    byte[] bytes() {
      put(0, 7);
      return out.toByteArray();
    }
  }

  private static Bits losslessHeader(int width, int height) {
    return new Bits().put(0x2f, 8).put(width - 1, 14).put(height - 1, 14).put(0, 4);
  }

  /** All pixels the same, by codes of one symbol. */
  static byte[] lossless(int width, int height) {
    return chunk("VP8L", losslessHeader(width, height).put(0, 1).put(0, 1).put(0, 1).group().bytes());
  }

  /** Blocks of 4x4 pixels with a group of codes each; the last block's number is 65,535. */
  private static byte[] groups(int width, int height) {
    // No transform, no cache, groups, blocks of 4x4; in the picture of numbers no cache, green and red of 8 bits each.
    Bits bits = losslessHeader(width, height).put(0, 1).put(0, 1).put(1, 1).put(0, 3).put(0, 1);
    for (int i = 0; i < 2; i++) {
      // Code lengths: all 256 symbols have 8 bits (for green, the 24 lengths have none).
      bits.put(0, 1).put(12 - 4, 4);
      for (int symbol : new int[] {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8}) {
        bits.put(symbol == 8 || symbol == 0 ? 1 : 0, 3);
      }
      bits.put(0, 1);
      for (int symbol = 0; symbol < (i == 0 ? 280 : 256); symbol++) {
        bits.put(symbol < 256 ? 1 : 0, 1);
      }
    }
    for (int i = 0; i < 3; i++) {
      bits.put(0b0001, 4);
    }
    for (int block = 0; block < width * height / 16; block++) {
      bits.put(Integer.reverse(block & 0xff) >>> 24, 8).put(Integer.reverse(block >> 8 & 0xff) >>> 24, 8);
    }
    for (int group = 0; group < 65_536; group++) {
      bits.group();
    }
    return chunk("VP8L", bits.bytes());
  }

  /**
   * A picture whose data are zeros, which mean: no filter, every block of 4x4 as its neighbours let expect. The first partition needs
   * 4.04 bits for a macroblock.
   *
   * @param partition bytes of the first partition, or 0 for as many as it needs
   */
  static byte[] lossy(int width, int height, int partition) {
    int blocks = Math.ceilDiv(width, 16) * Math.ceilDiv(height, 16);
    int first = partition > 0 ? partition : blocks * 41 / 80 + 200;
    ByteBuffer data = ByteBuffer.allocate(10 + first + blocks + 200).order(ByteOrder.LITTLE_ENDIAN);
    int tag = first << 5 | 1 << 4;
    data.put((byte) tag).putShort((short) (tag >> 8)).put((byte) 0x9d).put((byte) 1).put((byte) 0x2a);
    data.putShort((short) width).putShort((short) height);
    return chunk("VP8 ", data.array());
  }
}
