package org.conceptclip.image;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/** Repairs the checksums of a PNG that a test has changed. */
final class PngChunks {
  private PngChunks() {}

  /** In place; stops at the first chunk that does not fit the file. */
  static byte[] withRightChecksums(byte[] file) {
    ByteBuffer data = ByteBuffer.wrap(file);
    int chunk = 8;
    while (chunk <= file.length - 12) {
      int length = data.getInt(chunk);
      if (length < 0 || length > file.length - 12 - chunk) {
        break;
      }
      CRC32 crc = new CRC32();
      crc.update(file, chunk + 4, 4 + length);
      data.putInt(chunk + 8 + length, (int) crc.getValue());
      chunk += 12 + length;
    }
    return file;
  }
}
