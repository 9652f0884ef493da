package org.conceptclip.explain;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes pictures as PNG files that say what they show: 8-bit RGB, with texts as {@code tEXt} chunks, or {@code iTXt} where a text is not
 * ASCII. Source of the format: W3C, Portable Network Graphics (Third Edition).
 */
final class PngFile {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  private static final int CHANNELS = 3;

  /** Filter types of the format. */
  private static final int SUB = 1;
  private static final int PAETH = 4;

  /** Of zlib. With level 6 the command takes two and a half times as long, for files that are a twentieth smaller. */
  private static final int LEVEL = 4;

  private PngFile() {}

  /**
   * A whole file.
   *
   * @param rgb [height, width, 3] bytes
   * @param description the text of the keyword {@code Description}
   */
  static byte[] of(int width, int height, byte[] rgb, String description) {
    ByteArrayOutputStream file = new ByteArrayOutputStream(rgb.length / 2 + 1024);
    file.writeBytes(SIGNATURE);
    chunk(file, "IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 8).put((byte) 2).array());
    chunk(file, "sRGB", new byte[1]);
    boolean ascii = StandardCharsets.US_ASCII.newEncoder().canEncode(description);
    // The zeros of iTXt: end of the keyword, not compressed, the method, no language, no translated keyword.
    String head = ascii ? "Description\0" : "Description\0\0\0\0\0";
    chunk(file, ascii ? "tEXt" : "iTXt", (head + description.replace('\0', ' ')).getBytes(StandardCharsets.UTF_8));
    chunk(file, "IDAT", deflated(filtered(width, height, rgb)));
    chunk(file, "IEND", new byte[0]);
    return file.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream file, String type, byte[] data) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 sum = new CRC32();
    sum.update(name);
    sum.update(data);
    file.writeBytes(ByteBuffer.allocate(8).putInt(data.length).put(name).array());
    file.writeBytes(data);
    file.writeBytes(ByteBuffer.allocate(4).putInt((int) sum.getValue()).array());
  }

  /** Rows as differences to what the neighbours suggest, each with the type of its filter in front. */
  private static byte[] filtered(int width, int height, byte[] rgb) {
    int row = width * CHANNELS;
    byte[] out = new byte[Math.multiplyExact(height, row + 1)];
    for (int y = 0; y < height; y++) {
      int from = y * row;
      int to = y * (row + 1);
      out[to++] = (byte) (y == 0 ? SUB : PAETH);
      for (int i = 0; i < row; i++) {
        int left = i < CHANNELS ? 0 : rgb[from + i - CHANNELS] & 0xFF;
        int up = y == 0 ? 0 : rgb[from + i - row] & 0xFF;
        int corner = y == 0 || i < CHANNELS ? 0 : rgb[from + i - row - CHANNELS] & 0xFF;
        out[to + i] = (byte) (rgb[from + i] - (y == 0 ? left : paeth(left, up, corner)));
      }
    }
    return out;
  }

  private static int paeth(int left, int up, int corner) {
    int byLeft = Math.abs(up - corner);
    int byUp = Math.abs(left - corner);
    int byCorner = Math.abs(left + up - 2 * corner);
    return byLeft <= byUp && byLeft <= byCorner ? left : byUp <= byCorner ? up : corner;
  }

  private static byte[] deflated(byte[] data) {
    Deflater deflater = new Deflater(LEVEL);
    try {
      deflater.setInput(data);
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream(data.length / 2 + 64);
      byte[] buffer = new byte[1 << 16];
      while (!deflater.finished()) {
        out.write(buffer, 0, deflater.deflate(buffer));
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }
}
