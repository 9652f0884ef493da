package org.conceptclip.image;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The file formats that are read, told apart by their first bytes; a file's name plays no part. */
enum ImageFormat {
  JPEG,
  PNG,
  GIF,
  BMP,
  TIFF,
  WEBP;

  /** What the formats are called in messages. */
  static final String NAMES = "JPEG, PNG, BMP, GIF, TIFF or WebP";

  /** The format that the content announces, or null for anything else. */
  static ImageFormat of(byte[] bytes) {
    return of(bytes, bytes.length);
  }

  /** Like {@link #of(byte[])} for a file that is the first {@code length} bytes. */
  static ImageFormat of(byte[] bytes, int length) {
    if (starts(bytes, length, 0, 0xff, 0xd8, 0xff)) {
      return JPEG;
    }
    if (starts(bytes, length, 0, 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n')) {
      return PNG;
    }
    if (starts(bytes, length, 0, 'G', 'I', 'F', '8', '7', 'a') || starts(bytes, length, 0, 'G', 'I', 'F', '8', '9', 'a')) {
      return GIF;
    }
    if (starts(bytes, length, 0, 'B', 'M')) {
      return BMP;
    }
    // Classic and BigTIFF, each in both byte orders.
    if (starts(bytes, length, 0, 'I', 'I', 42, 0) || starts(bytes, length, 0, 'M', 'M', 0, 42)
        || starts(bytes, length, 0, 'I', 'I', 43, 0) || starts(bytes, length, 0, 'M', 'M', 0, 43)) {
      return TIFF;
    }
    return starts(bytes, length, 0, 'R', 'I', 'F', 'F') && starts(bytes, length, 8, 'W', 'E', 'B', 'P') ? WEBP : null;
  }

  /** What an unknown file seems to be, for the message that refuses it. */
  static String describe(byte[] bytes) {
    if (starts(bytes, bytes.length, 0, '%', 'P', 'D', 'F')) {
      return "a PDF document";
    }
    if (starts(bytes, bytes.length, 128, 'D', 'I', 'C', 'M')) {
      return "a DICOM file";
    }
    if (starts(bytes, bytes.length, 0, 'P', 'K', 3, 4)) {
      return "a ZIP archive";
    }
    if (starts(bytes, bytes.length, 0, 0x1f, 0x8b)) {
      return "a gzip file";
    }
    if (starts(bytes, bytes.length, 4, 'j', 'P', ' ', ' ')) {
      return "a JPEG 2000 file";
    }
    byte[] head = Arrays.copyOf(bytes, Math.min(bytes.length, 8));
    boolean printable = true;
    StringBuilder hex = new StringBuilder();
    for (byte b : head) {
      printable &= b >= 0x20 && b < 0x7f;
      hex.append(hex.isEmpty() ? "" : " ").append(String.format("%02x", b));
    }
    return printable
        ? "text that starts with \"" + new String(head, StandardCharsets.US_ASCII) + "\""
        : "data that starts with bytes " + hex;
  }

  private static boolean starts(byte[] bytes, int length, int offset, int... expected) {
    if (length < offset + expected.length) {
      return false;
    }
    for (int i = 0; i < expected.length; i++) {
      if ((bytes[offset + i] & 0xff) != expected[i]) {
        return false;
      }
    }
    return true;
  }
}
