package org.conceptclip.image;

import java.util.zip.CRC32;
import java.util.zip.Inflater;

/** The working memory of a PNG decoder, for one picture after the other. Not thread-safe. */
final class PngWorkspace implements AutoCloseable {
  /** A row of 65,536 pixels of the deepest kind is longer than any picture that comes often. */
  private static final int KEPT_ROW_BYTES = 512 << 10;

  final Inflater inflater = new Inflater();
  final CRC32 crc = new CRC32();
  final HeapScratch row = new HeapScratch(KEPT_ROW_BYTES);
  final HeapScratch rowAbove = new HeapScratch(KEPT_ROW_BYTES);

  /** Ends the use for one picture. */
  void trim() {
    row.trim();
    rowAbove.trim();
  }

  /** Bytes of the rows that are held now. */
  int bytes() {
    return row.bytes() + rowAbove.bytes();
  }

  @Override
  public void close() {
    inflater.end();
    row.release();
    rowAbove.release();
  }
}
