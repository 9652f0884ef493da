package org.conceptclip.bench.throughput;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.conceptclip.batch.ImageInput;

/** Small image files that cost a decoder as much time and memory as it lets them. */
final class HostileImages {
  /** The side of a square just within the default limit on pixels. */
  static final int LARGEST_SIDE = 13_377;

  private static final int COLOURS = 3;

  private HostileImages() {}

  /** One of each kind, whose sides are at most as given. */
  static List<ImageInput.Encoded> all(int side) throws IOException {
    byte[] photograph = SampleImages.jpeg(1);
    return List.of(
        new ImageInput.Encoded(progressive(side, 90), "progressive JPEG of 90 scans"),
        new ImageInput.Encoded(progressive(side, 499), "progressive JPEG of 499 scans"),
        new ImageInput.Encoded(empty(0xC2, side, side), "progressive JPEG without data"),
        new ImageInput.Encoded(bilevel(side), "PNG of one bit a pixel"),
        new ImageInput.Encoded(canvas(Math.min(65_535, 4 * side), side / 5), "GIF of a large canvas and a small frame"),
        new ImageInput.Encoded(inner(empty(0xC2, side, side)), "TIFF with a large JPEG in its strip"),
        new ImageInput.Encoded(Arrays.copyOf(photograph, photograph.length / 2), "JPEG cut in two"));
  }

  /** Bytes in the making. */
  private static final class Bytes extends ByteArrayOutputStream {
    Bytes put(int... values) {
      for (int value : values) {
        write(value);
      }
      return this;
    }

    Bytes put(byte[] values) {
      writeBytes(values);
      return this;
    }

    Bytes put16(int value) {
      return put(value >> 8, value);
    }

    Bytes put32(int value) {
      return put16(value >>> 16).put16(value);
    }

    /** A segment of a JPEG. */
    Bytes segment(int marker, byte[] content) {
      return put(0xFF, marker).put16(content.length + 2).put(content);
    }
  }

  private static Bytes jpegHead(int frame, int width, int height, int components) {
    byte[] quantisation = new byte[65];
    Arrays.fill(quantisation, 1, 65, (byte) 1);
    Bytes sizes = new Bytes().put(8).put16(height).put16(width).put(components);
    for (int i = 1; i <= components; i++) {
      sizes.put(i, 0x11, 0);
    }
    return new Bytes().put(0xFF, 0xD8).segment(0xDB, quantisation).segment(frame, sizes.toByteArray());
  }

  private static byte[] huffman(int table, int[] codesOfLength, int... symbols) {
    return new Bytes().put(table).put(Arrays.copyOf(codesOfLength, 16)).put(symbols).toByteArray();
  }

  private static byte[] scan(int components, int first, int last, int bits) {
    Bytes scan = new Bytes().put(components);
    for (int i = 1; i <= components; i++) {
      scan.put(i, 0);
    }
    return scan.put(first, last, bits).toByteArray();
  }

  /** A colour JPEG that announces its size and has next to no data. */
  private static byte[] empty(int frame, int width, int height) {
    return jpegHead(frame, width, height, COLOURS).segment(0xC4, huffman(0, new int[] {1}, 0))
        .segment(0xC4, huffman(0x10, new int[] {1}, 0)).segment(0xDA, scan(COLOURS, 0, 0, 0)).put(0, 0, 0xFF, 0xD9).toByteArray();
  }

  /** A valid grey JPEG all of whose coefficients are 0, told again in each scan. */
  private static byte[] progressive(int largestSide, int scans) {
    // With this number of blocks a scan is made of runs alone, which take 15 bits for 32,767 blocks.
    int side = Math.min(largestSide, 11_584);
    int blocks = Math.ceilDiv(side, 8) * Math.ceilDiv(side, 8);
    Bytes file = jpegHead(0xC2, side, side, 1).segment(0xC4, huffman(0, new int[] {1}, 0))
        .segment(0xC4, huffman(0x10, new int[] {1, 1}, 0xE0, 0x00)).segment(0xDA, scan(1, 0, 0, 0));
    byte[] zeros = new byte[Math.ceilDiv(blocks, 8)];
    if (blocks % 8 != 0) {
      zeros[zeros.length - 1] = (byte) ((1 << 8 - blocks % 8) - 1);
    }
    file.put(zeros);
    byte[] runs = runs(blocks);
    for (int scan = 0; scan < scans; scan++) {
      int coefficient = 1 + scan % 63;
      int level = 12 - scan / 63;
      int precision = scan < 63 ? level : level + 1 << 4 | level;
      file.segment(0xDA, scan(1, coefficient, coefficient, precision)).put(runs);
    }
    return file.put(0xFF, 0xD9).toByteArray();
  }

  /** Ends of blocks, in runs of 16,384 to 32,767 and one by one. */
  private static byte[] runs(int blocks) {
    StringBuilder bits = new StringBuilder();
    int left = blocks;
    while (left > 0) {
      int run = Math.min(left, 32_767);
      if (run >= 16_384) {
        // The code of such a run is 0, and its length follows in 14 bits.
        bits.append('0').append(Integer.toBinaryString(run).substring(1));
        left -= run;
      } else {
        bits.append("10");
        left--;
      }
    }
    while (bits.length() % 8 != 0) {
      bits.append('1');
    }
    Bytes packed = new Bytes();
    for (int i = 0; i < bits.length(); i += 8) {
      int value = Integer.parseInt(bits.substring(i, i + 8), 2);
      packed.put(value);
      if (value == 0xFF) {
        packed.put(0);
      }
    }
    return packed.toByteArray();
  }

  private static byte[] bilevel(int side) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (DeflaterOutputStream rows = new DeflaterOutputStream(packed)) {
      byte[] row = new byte[1 + Math.ceilDiv(side, 8)];
      for (int y = 0; y < side; y++) {
        rows.write(row);
      }
    }
    Bytes file = new Bytes().put(0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n');
    chunk(file, "IHDR", new Bytes().put32(side).put32(side).put(1, 0, 0, 0, 0).toByteArray());
    chunk(file, "IDAT", packed.toByteArray());
    chunk(file, "IEND", new byte[0]);
    return file.toByteArray();
  }

  private static void chunk(Bytes file, String type, byte[] content) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 sum = new CRC32();
    sum.update(name);
    sum.update(content);
    file.put32(content.length).put(name).put(content).put32((int) sum.getValue());
  }

  private static byte[] canvas(int width, int height) {
    ByteBuffer file = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    file.put("GIF89a".getBytes(StandardCharsets.US_ASCII)).putShort((short) width).putShort((short) height);
    file.put(new byte[] {(byte) 0x80, 0, 0, 0, 0, 0, -1, -1, -1});
    file.put(new byte[] {',', 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, ';'});
    return Arrays.copyOf(file.array(), file.position());
  }

  /** A TIFF whose tags announce 64 x 64 pixels, and whose strip holds this JPEG. */
  private static byte[] inner(byte[] jpeg) {
    int[][] tags = {{256, 4, 1, 64}, {257, 4, 1, 64}, {258, 3, 3, 8 + 2 + 9 * 12 + 4}, {259, 3, 1, 7}, {262, 3, 1, 6},
        {273, 4, 1, 8 + 2 + 9 * 12 + 4 + 6}, {277, 3, 1, 3}, {278, 4, 1, 64}, {279, 4, 1, jpeg.length}};
    ByteBuffer file = ByteBuffer.allocate(8 + 2 + 9 * 12 + 4 + 6 + jpeg.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {'I', 'I', 42, 0}).putInt(8).putShort((short) tags.length);
    for (int[] tag : tags) {
      file.putShort((short) tag[0]).putShort((short) tag[1]).putInt(tag[2]).putInt(tag[3]);
    }
    file.putInt(0).putShort((short) 8).putShort((short) 8).putShort((short) 8).put(jpeg);
    return file.array();
  }
}
