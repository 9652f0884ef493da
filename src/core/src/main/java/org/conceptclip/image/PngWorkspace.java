package org.conceptclip.image;

import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Inflater;

/** What a PNG decoder needs beside file and pixels, for one picture after the other. Not thread-safe. */
final class PngWorkspace implements AutoCloseable {
  /** A row of 65,536 pixels of the deepest kind is longer than any picture that comes often. */
  private static final int KEPT_ROW_BYTES = 512 << 10;

  private final Inflater inflater = new Inflater();
  private final CRC32 crc = new CRC32();
  private final byte[] filter = new byte[1];
  private byte[] row = {};
  private byte[] blankRow = {};

  /** Ready for a new stream. */
  Inflater inflater() {
    inflater.reset();
    return inflater;
  }

  /** Of no bytes yet. */
  CRC32 crc() {
    crc.reset();
    return crc;
  }

  byte[] filter() {
    return filter;
  }

  /** A row of exactly that many bytes, of any content. Pictures of one width share it. */
  byte[] row(int bytes) {
    if (row.length != bytes) {
      row = new byte[bytes];
    }
    return row;
  }

  /** Another row of exactly that many bytes, all zero. */
  byte[] blankRow(int bytes) {
    if (blankRow.length != bytes) {
      blankRow = new byte[bytes];
    } else {
      Arrays.fill(blankRow, (byte) 0);
    }
    return blankRow;
  }

  /** Ends the use for one picture. */
  void trim() {
    if (row.length > KEPT_ROW_BYTES || blankRow.length > KEPT_ROW_BYTES) {
      releaseRows();
    }
  }

  /** Bytes of the rows that are held now. */
  int bytes() {
    return row.length + blankRow.length;
  }

  private void releaseRows() {
    row = new byte[0];
    blankRow = row;
  }

  @Override
  public void close() {
    inflater.end();
    releaseRows();
  }
}
