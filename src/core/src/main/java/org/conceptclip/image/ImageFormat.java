package org.conceptclip.image;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The file formats that are read. Files are recognised by their first bytes, never by their name. */
enum ImageFormat {
  JPEG("\u00ff\u00d8\u00ff"),
  PNG("\u0089PNG\r\n\u001a\n"),
  GIF("GIF87a", "GIF89a"),
  BMP("BM"),
  /** Classic and BigTIFF, each in both byte orders. */
  TIFF("II*\0", "MM\0*", "II+\0", "MM\0+"),
  WEBP("RIFF");

  /** What the formats are called in messages. */
  static final String NAMES = "JPEG, PNG, BMP, GIF, TIFF or WebP";

  /** A format that is not read: where its files have which bytes, one for each character, and what messages call it. */
  private record Other(int offset, String beginning, String name) {}

  private static final List<Other> OTHERS = List.of(new Other(0, "%PDF", "a PDF document"), new Other(128, "DICM", "a DICOM file"),
      new Other(0, "PK\u0003\u0004", "a ZIP archive"), new Other(0, "\u001f\u008b", "a gzip file"),
      new Other(4, "jP  ", "a JPEG 2000 file"), new Other(4, "ftypavif", "an AVIF picture"), new Other(4, "ftyphei", "a HEIC picture"),
      new Other(4, "ftypmif1", "a HEIF picture"), new Other(0, "<svg", "an SVG drawing"), new Other(0, "<!DOCTYPE", "a web page"),
      new Other(0, "<!doctype", "a web page"), new Other(0, "<html", "a web page"),
      new Other(0, "version https://git-lfs", "a pointer of git-lfs, not the file itself"));

  /** How much of a file is looked at to tell text from other data. */
  private static final int SAMPLE_BYTES = 64;

  private final String[] beginnings;

  /** How files begin, one byte for each character. */
  ImageFormat(String... beginnings) {
    this.beginnings = beginnings;
  }

  /** The format that a file announces, or null for anything else. The file is the first {@code length} bytes. */
  static ImageFormat of(byte[] bytes, int length) {
    for (ImageFormat format : values()) {
      for (String beginning : format.beginnings) {
        if (has(bytes, length, 0, beginning) && (format != WEBP || has(bytes, length, 8, "WEBP"))) {
          return format;
        }
      }
    }
    return null;
  }

  /** What an unknown file seems to be, for the message that rejects it. Quotes none of its content. */
  static String describe(byte[] bytes, int length) {
    for (Other other : OTHERS) {
      if (has(bytes, length, other.offset, other.beginning)) {
        return other.name;
      }
    }
    // Not a byte of it: the file may be one that the caller of a service must not see.
    for (int at = 0; at < Math.min(length, SAMPLE_BYTES); at++) {
      if (bytes[at] >= 0 && bytes[at] < ' ' && bytes[at] != '\n' && bytes[at] != '\r' && bytes[at] != '\t') {
        return "data of an unknown kind";
      }
    }
    return "text";
  }

  /** Whether a file of {@code length} bytes has those bytes, one for each character, at an offset. */
  static boolean has(byte[] bytes, int length, int offset, String expected) {
    byte[] wanted = expected.getBytes(StandardCharsets.ISO_8859_1);
    int end = offset + wanted.length;
    return end <= length && Arrays.equals(bytes, offset, end, wanted, 0, wanted.length);
  }
}
