package org.conceptclip.image;

import java.util.Arrays;

/**
 * The bilevel compressions of ITU-T T.4 and T.6 to rows of bits, in which black is 1. A row is a list of the columns at which the colour
 * changes, from white on. Rows that do not come out as wide as the picture are rejected.
 */
final class TiffFax extends TiffUnpacker {
  private static final int END_OF_LINE_ZEROS = 11;

  private final TiffCompression compression;
  private final boolean twoDimensional;
  private final int width;
  private final byte[] row;
  private int taken;

  /** Changes of the row above and of this one, each followed by the width, four times. */
  private int[] above;

  private int[] current;
  private int changes;
  private int window;
  private int windowBits;

  TiffFax(ImageSource source, TiffLayout layout, boolean twoDimensional) {
    super(source, layout);
    this.compression = layout.compression;
    this.twoDimensional = twoDimensional;
    this.width = layout.segmentWidth;
    this.row = new byte[layout.rowBytes()];
    this.above = new int[width + 8];
    this.current = new int[width + 8];
  }

  @Override
  void restart() {
    window = 0;
    windowBits = 0;
    taken = row.length;
    changes = 0;
    endRow();
  }

  @Override
  void unpack(byte[] target, int from, int count) {
    for (int to = from, stop = from + count; to < stop; ) {
      if (taken == row.length) {
        decodeRow();
        paint();
        endRow();
        taken = 0;
      }
      int piece = Math.min(row.length - taken, stop - to);
      System.arraycopy(row, taken, target, to, piece);
      taken += piece;
      to += piece;
    }
  }

  private void decodeRow() {
    switch (compression) {
      case FAX_GROUP_4 -> decodeByRowAbove();
      case FAX_GROUP_3 -> {
        boolean found = passEndOfLine();
        if (!twoDimensional) {
          decodeRuns();
        } else if (!found) {
          throw damaged("has a row without its end-of-line code");
        } else if (bits(1) == 1) {
          decodeRuns();
        } else {
          decodeByRowAbove();
        }
      }
      default -> {
        decodeRuns();
        // The next row begins at a byte.
        windowBits -= windowBits % 8;
      }
    }
  }

  /** Passes any number of zeros, if there are enough of them, and the one that ends them. */
  private boolean passEndOfLine() {
    if (peek(END_OF_LINE_ZEROS) != 0) {
      return false;
    }
    while (bits(1) == 0) {
      // Fill bits.
    }
    return true;
  }

  private void decodeRuns() {
    boolean black = false;
    for (int x = 0; x < width; black = !black) {
      x += run(black);
      change(x);
    }
  }

  /** Modes of T.6: the changes of the row above serve as marks. */
  private void decodeByRowAbove() {
    int x = -1;
    boolean black = false;
    // The first change above to the right of x, from the colour at hand to the other.
    int mark = 0;
    while (x < width) {
      int mode = mode();
      if (mode == FaxCodes.PASS) {
        x = above[mark + 1];
      } else if (mode == FaxCodes.HORIZONTAL) {
        x = Math.max(x, 0) + run(black);
        change(x);
        x += run(!black);
        change(x);
      } else {
        int next = above[mark] + mode;
        if (next < Math.max(x, 0)) {
          throw damaged("has a change in front of the last");
        }
        x = next;
        change(x);
        black = !black;
        mark += mark > 0 ? -1 : 1;
      }
      while (above[mark] <= x && above[mark] < width) {
        mark += 2;
      }
    }
  }

  private void change(int x) {
    if (x > width) {
      throw damaged("has a row of " + x + " pixels where the width is " + width);
    }
    // Runs of no pixels make more changes than pixels.
    if (changes > width + 2) {
      throw damaged("has a row of more changes than pixels");
    }
    current[changes++] = x;
  }

  private void paint() {
    Arrays.fill(row, (byte) 0);
    for (int i = 0; i < changes; i += 2) {
      int from = current[i];
      int to = i + 1 < changes ? current[i + 1] : width;
      for (; from < to && (from & 7) != 0; from++) {
        row[from >> 3] |= (byte) (0x80 >> (from & 7));
      }
      if (to - from >= 8) {
        Arrays.fill(row, from >> 3, to >> 3, (byte) 0xff);
        from = to & ~7;
      }
      for (; from < to; from++) {
        row[from >> 3] |= (byte) (0x80 >> (from & 7));
      }
    }
  }

  private void endRow() {
    Arrays.fill(current, changes, changes + 4, width);
    int[] swap = above;
    above = current;
    current = swap;
    changes = 0;
  }

  /** The length of a run: any number of multiples of 64, then 0 to 63. */
  private int run(boolean black) {
    int[] codes = black ? FaxCodes.BLACK : FaxCodes.WHITE;
    int total = 0;
    while (true) {
      int code = codes[peek(FaxCodes.MOST_BITS)];
      if (code == 0) {
        throw unknownCode();
      }
      bits(code & 0xf);
      total += code >> 4;
      if (code >> 4 < 64) {
        return total;
      }
      if (total > width) {
        throw damaged("has a run of " + total + " pixels where the width is " + width);
      }
    }
  }

  private int mode() {
    int code = FaxCodes.MODES[peek(FaxCodes.MOST_MODE_BITS)];
    if (code == 0) {
      throw unknownCode();
    }
    bits(code & 0xf);
    return code >> 4;
  }

  private RuntimeException unknownCode() {
    return at >= end ? endsEarly() : peek(END_OF_LINE_ZEROS) == 0
        ? damaged("truncated: has an end-of-line code inside a row or the end before the last row")
        : damaged("has an unknown code (T.4's uncompressed mode is not supported)");
  }

  /** The next bits; zeros behind the end. */
  private int peek(int count) {
    while (windowBits < count && at < end) {
      window = window << 8 | next();
      windowBits += 8;
    }
    int shift = windowBits - count;
    return (shift >= 0 ? window >> shift : window << -shift) & (1 << count) - 1;
  }

  private int bits(int count) {
    int value = peek(count);
    if (windowBits < count) {
      throw endsEarly();
    }
    windowBits -= count;
    return value;
  }
}
