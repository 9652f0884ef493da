package org.conceptclip.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Small files that stand for much: uniform pictures of any size in as few bytes as their formats allow, and claims without content. */
final class HostileImages {
  private static final int DEFLATED_STEP = 1 << 20;

  private HostileImages() {}

  /** A black PNG. */
  static byte[] png(int width, int height, int bits, int colourType, boolean interlaced) {
    int samples = new int[] {1, 0, 3, 1, 2, 0, 4}[colourType];
    long row = 1 + ((long) width * bits * samples + 7) / 8;
    // The seven passes together have as many pixels, and their rows a filter's number and padding each.
    return png(width, height, bits, colourType, interlaced, zeros(interlaced ? row * height + 8L * height : row * height));
  }

  static byte[] png(int width, int height, int bits, int colourType, boolean interlaced, byte[] imageData) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
    chunk(file, "IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) bits).put((byte) colourType).put((byte) 0)
        .put((byte) 0).put((byte) (interlaced ? 1 : 0)).array());
    if (colourType == 3) {
      chunk(file, "PLTE", new byte[6]);
    }
    chunk(file, "IDAT", imageData);
    chunk(file, "IEND", new byte[0]);
    return file.toByteArray();
  }

  /** A PNG with chunks between its header and its image data. */
  static byte[] pngWith(int chunks, String type, byte[] data) {
    byte[] plain = png(64, 64, 8, 2, false);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.write(plain, 0, 33);
    for (int i = 0; i < chunks; i++) {
      chunk(file, type, data);
    }
    file.write(plain, 33, plain.length - 33);
    return file.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream file, String type, byte[] data) {
    byte[] body = ByteBuffer.allocate(4 + data.length).put(type.getBytes(StandardCharsets.US_ASCII)).put(data).array();
    CRC32 crc = new CRC32();
    crc.update(body);
    file.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
    file.writeBytes(body);
    file.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
  }

  /** A zlib stream of at least so many zeros; its checksum is missing, which nobody reads who stops after the last row. */
  static byte[] zeros(long bytes) {
    Deflater deflater = new Deflater(9);
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] buffer = new byte[64 << 10];
      int first = 0;
      for (int step = 0; step < 2; step++) {
        deflater.setInput(new byte[DEFLATED_STEP]);
        for (int count = buffer.length; count == buffer.length; ) {
          count = deflater.deflate(buffer, 0, buffer.length, Deflater.FULL_FLUSH);
          out.write(buffer, 0, count);
        }
        first = step == 0 ? out.size() : first;
      }
      // After a full flush the code depends on nothing before it, so the second step may be repeated.
      byte[] both = out.toByteArray();
      ByteArrayOutputStream stream = new ByteArrayOutputStream();
      stream.write(both, 0, first);
      for (long done = DEFLATED_STEP; done < bytes; done += DEFLATED_STEP) {
        stream.write(both, first, both.length - first);
      }
      return stream.toByteArray();
    } finally {
      deflater.end();
    }
  }

  /** A GIF with one frame of colour 0, in the longest strings that LZW has. */
  static byte[] gif(int screenWidth, int screenHeight, int width, int height, boolean interlaced) {
    ByteArrayOutputStream codes = new ByteArrayOutputStream();
    Bits bits = new Bits(codes, false);
    int codeBits = 2;
    int next = 6;
    int size = codeBits + 1;
    bits.put(4, size);
    bits.put(0, size);
    int length = 1;
    for (long done = 1; done < (long) width * height; done += length) {
      if (next < 4096) {
        length++;
        bits.put(next++, size);
        size = next == 1 << size && size < 12 ? size + 1 : size;
      } else {
        bits.put(4095, size);
      }
    }
    bits.finish(0);
    ByteArrayOutputStream file = gifHeader(screenWidth, screenHeight);
    file.writeBytes(ByteBuffer.allocate(11).order(ByteOrder.LITTLE_ENDIAN).put((byte) ',').putInt(0).putShort((short) width)
        .putShort((short) height).put((byte) (interlaced ? 0x40 : 0)).put((byte) codeBits).array());
    byte[] all = codes.toByteArray();
    for (int at = 0; at < all.length; at += 255) {
      int count = Math.min(255, all.length - at);
      file.write(count);
      file.write(all, at, count);
    }
    file.write(0);
    file.write(';');
    return file.toByteArray();
  }

  static ByteArrayOutputStream gifHeader(int width, int height) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes("GIF89a".getBytes(StandardCharsets.US_ASCII));
    file.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putShort((short) width).putShort((short) height).array());
    file.writeBytes(new byte[] {(byte) 0x80, 0, 0, 0, 0, 0, -1, -1, -1});
    return file;
  }

  /** A GIF of 64x64 with blocks before its frame. */
  static byte[] gifWith(int blocks, byte[] block) {
    byte[] plain = gif(64, 64, 64, 64, false);
    ByteArrayOutputStream file = gifHeader(64, 64);
    for (int i = 0; i < blocks; i++) {
      file.writeBytes(block);
    }
    file.write(plain, 19, plain.length - 19);
    return file.toByteArray();
  }

  /** A uniform baseline JPEG whose blocks take 2 bits each, or as many bytes of code as are given. */
  static byte[] baseline(int width, int height, int[] sampling, long codeBytes) {
    int widest = 1;
    int highest = 1;
    int unitBlocks = 0;
    for (int factors : sampling) {
      widest = Math.max(widest, factors >> 4);
      highest = Math.max(highest, factors & 0xf);
      unitBlocks += (factors >> 4) * (factors & 0xf);
    }
    long units = (long) Math.ceilDiv(width, 8 * widest) * Math.ceilDiv(height, 8 * highest);
    long blocks = sampling.length == 1 ? (long) Math.ceilDiv(width, 8) * Math.ceilDiv(height, 8) : units * unitBlocks;
    ByteArrayOutputStream file = jpegHeader(0xc0, width, height, sampling);
    scan(file, sampling.length, 0, 63, 0);
    file.writeBytes(new byte[(int) (codeBytes < 0 ? (2 * blocks + 7) / 8 : codeBytes)]);
    file.writeBytes(new byte[] {-1, (byte) 0xd9});
    return file.toByteArray();
  }

  /** A progressive JPEG of one scan of DC, a bit for each block, and so many scans of AC that tell of all blocks in few bytes. */
  static byte[] progressive(int width, int height, int components, int acScans) {
    int[] sampling = new int[components];
    java.util.Arrays.fill(sampling, 0x11);
    long blocks = (long) Math.ceilDiv(width, 8) * Math.ceilDiv(height, 8);
    ByteArrayOutputStream file = jpegHeader(0xc2, width, height, sampling);
    scan(file, components, 0, 0, 0);
    file.writeBytes(new byte[(int) ((blocks * components + 7) / 8)]);
    for (int i = 0; i < acScans; i++) {
      int component = i % components;
      int band = 1 + i / components % 63;
      int bit = Math.max(0, 12 - i / components / 63);
      file.writeBytes(new byte[] {-1, (byte) 0xda, 0, 8, 1, (byte) (component + 1), 0, (byte) band, (byte) band,
          (byte) (i / components < 63 ? 12 : bit + 1 << 4 | bit)});
      Bits bits = new Bits(file, true);
      for (long left = blocks; left > 0; ) {
        if (left >= 1 << 14) {
          long run = Math.min(left, 32_767);
          bits.put(0, 1);
          bits.put((int) (run - (1 << 14)), 14);
          left -= run;
        } else {
          bits.put(2, 2);
          left--;
        }
      }
      bits.finish(-1);
    }
    file.writeBytes(new byte[] {-1, (byte) 0xd9});
    return file.toByteArray();
  }

  /** A JPEG of 64x64 with segments before its frame header. */
  static byte[] jpegWith(int segments, int marker, byte[] data) {
    byte[] plain = baseline(64, 64, new int[] {0x11}, -1);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.write(plain, 0, 2);
    for (int i = 0; i < segments; i++) {
      segment(file, marker, data);
    }
    file.write(plain, 2, plain.length - 2);
    return file.toByteArray();
  }

  /** Up to the first scan. Table 0 of DC has code 0 for 0; that of AC has 0 for a run of blocks (the end of one in sequential files). */
  static ByteArrayOutputStream jpegHeader(int frame, int width, int height, int[] sampling) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.write(0xff);
    file.write(0xd8);
    byte[] quantisation = new byte[65];
    java.util.Arrays.fill(quantisation, 1, 65, (byte) 1);
    segment(file, 0xdb, quantisation);
    ByteBuffer body = ByteBuffer.allocate(6 + 3 * sampling.length).put((byte) 8).putShort((short) height).putShort((short) width)
        .put((byte) sampling.length);
    for (int component = 0; component < sampling.length; component++) {
      body.put((byte) (component + 1)).put((byte) sampling[component]).put((byte) 0);
    }
    segment(file, frame, body.array());
    segment(file, 0xc4, new byte[] {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    segment(file, 0xc4, frame == 0xc2
        ? new byte[] {0x10, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xe0, 0}
        : new byte[] {0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    return file;
  }

  private static void scan(ByteArrayOutputStream file, int components, int first, int last, int bits) {
    ByteBuffer body = ByteBuffer.allocate(4 + 2 * components).put((byte) components);
    for (int component = 1; component <= components; component++) {
      body.put((byte) component).put((byte) 0);
    }
    segment(file, 0xda, body.put((byte) first).put((byte) last).put((byte) bits).array());
  }

  static void segment(ByteArrayOutputStream file, int marker, byte[] data) {
    file.write(0xff);
    file.write(marker);
    file.write(data.length + 2 >> 8);
    file.write(data.length + 2);
    file.writeBytes(data);
  }

  /** Bits into bytes: the first in the highest bit, as JPEG has it (a zero follows a byte of ones), or in the lowest, as GIF has it. */
  private static final class Bits {
    private final ByteArrayOutputStream out;
    private final boolean jpeg;
    private int pending;
    private int count;

    Bits(ByteArrayOutputStream out, boolean jpeg) {
      this.out = out;
      this.jpeg = jpeg;
    }

    void put(int value, int bits) {
      for (int i = 0; i < bits; i++) {
        int bit = value >> (jpeg ? bits - 1 - i : i) & 1;
        pending |= bit << (jpeg ? 7 - count : count);
        if (++count == 8) {
          out.write(pending);
          if (jpeg && pending == 0xff) {
            out.write(0);
          }
          pending = 0;
          count = 0;
        }
      }
    }

    /** Fills the last byte up with the lowest bits of a value. */
    void finish(int fill) {
      while (count > 0) {
        put(fill & 1, 1);
      }
    }
  }
}
