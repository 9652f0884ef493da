package org.conceptclip.image;

import java.util.Arrays;

/**
 * The run lengths of BMP (RLE8, RLE4), which are gone over once to find where each row begins; then rows can be had in any order. Pixels
 * that are passed over have index 0.
 *
 * <pre>
 * rows = ([1..255 = n][index, or two of 4 bits in turn: n pixels] | [0][3..255 = n][n indices, padded to 16 bits]
 *      | [0][0]: next row | [0][2][right][up]: move | [0][1]: end)*
 * </pre>
 */
final class BmpRuns {
  private static final int NEXT_ROW = 0;
  private static final int END = 1;
  private static final int MOVE = 2;
  private static final int CODES_PER_CHECK = 1 << 14;

  private final ImageSource source;
  private final byte[] file;
  private final int width;
  private final int height;
  private final boolean nibbles;

  /** For each stored row the offset of its first code and the column where that begins; offset 0 for rows that are passed over. */
  private final int[] offsets;

  private final int[] columns;
  private int at;
  private int x;
  private int y;
  private int codes;

  BmpRuns(ImageSource source, BmpHeader header) {
    this.source = source;
    this.file = source.bytes();
    this.width = header.width;
    this.height = header.height;
    this.nibbles = header.compression == BmpHeader.RLE4;
    this.offsets = new int[height];
    this.columns = new int[height];
    at = header.pixels;
    while (y < height) {
      offsets[y] = at;
      columns[y] = x;
      passRow(null);
    }
  }

  static long heapBytes(BmpHeader header) {
    return 2L * Integer.BYTES * header.height;
  }

  /** The indices of a stored row. */
  void row(int stored, byte[] indices) {
    Arrays.fill(indices, (byte) 0);
    if (offsets[stored] != 0) {
      at = offsets[stored];
      x = columns[stored];
      y = stored;
      passRow(indices);
    }
  }

  /** Takes codes until the row changes. */
  private void passRow(byte[] indices) {
    int row = y;
    while (y == row) {
      if (row == height - 1 && x >= width) {
        // The last row needs no end.
        y++;
        return;
      }
      if (++codes % CODES_PER_CHECK == 0) {
        source.gate().check();
      }
      int count = next();
      int value = next();
      if (count > 0) {
        repeat(count, value, indices);
      } else if (value == NEXT_ROW) {
        x = 0;
        y++;
      } else if (value == END) {
        throw source.damaged("truncated: the pixels end in row " + y, height + " rows");
      } else if (value == MOVE) {
        x += next();
        y += next();
      } else {
        copy(value, indices);
      }
    }
  }

  private void repeat(int count, int value, byte[] indices) {
    for (int i = 0; indices != null && i < Math.min(count, width - x); i++) {
      indices[x + i] = (byte) (!nibbles ? value : i % 2 == 0 ? value >> 4 : value & 0xf);
    }
    x = Math.min(width, x + count);
  }

  private void copy(int count, byte[] indices) {
    int bytes = nibbles ? (count + 1) / 2 : count;
    source.require(at + (long) bytes);
    for (int i = 0; indices != null && i < Math.min(count, width - x); i++) {
      int value = nibbles ? file[at + i / 2] : file[at + i];
      indices[x + i] = (byte) (!nibbles ? value : i % 2 == 0 ? value >> 4 & 0xf : value & 0xf);
    }
    x = Math.min(width, x + count);
    at += bytes + (bytes & 1);
  }

  private int next() {
    if (at >= source.length()) {
      throw source.damaged("truncated: ends at byte " + source.length() + " in row " + y, height + " rows");
    }
    return file[at++] & 0xff;
  }
}
