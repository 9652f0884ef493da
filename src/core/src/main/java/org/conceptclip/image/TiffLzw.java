package org.conceptclip.image;

/**
 * TIFF's LZW: codes of 9 to 12 bits, the highest bit first, one code "too early" in growing. Files of the first years have the lowest bit
 * first and grow late; they begin with a zero byte and an odd one, which no other file does, because its first code is the clear code.
 */
final class TiffLzw extends TiffUnpacker {
  private static final int CLEAR = 256;
  private static final int END = 257;
  private static final int FIRST = 258;
  private static final int LEAST_BITS = 9;
  private static final int MOST_BITS = 12;

  private final short[] prefix = new short[1 << MOST_BITS];
  private final byte[] suffix = new byte[1 << MOST_BITS];
  private final short[] lengths = new short[1 << MOST_BITS];

  /** The string of the last code, of which the bytes from {@code pending} to {@code stringEnd} have not been taken. */
  private final byte[] string = new byte[1 << MOST_BITS];

  private int pending;
  private int stringEnd;
  private boolean lowestFirst;
  private int window;
  private int windowBits;
  private int codeBits;
  private int free;
  private int last;

  TiffLzw(ImageSource source, TiffLayout layout) {
    super(source, layout);
    for (int code = 0; code < CLEAR; code++) {
      suffix[code] = (byte) code;
      lengths[code] = 1;
    }
  }

  @Override
  void restart() {
    lowestFirst = end - at >= 2 && byteAt(at) == 0 && (byteAt(at + 1) & 1) != 0;
    window = 0;
    windowBits = 0;
    pending = 0;
    stringEnd = 0;
    clear();
  }

  @Override
  void unpack(byte[] target, int from, int count) {
    for (int to = from, stop = from + count; to < stop; ) {
      int piece = Math.min(stringEnd - pending, stop - to);
      System.arraycopy(string, pending, target, to, piece);
      pending += piece;
      to += piece;
      if (to < stop) {
        takeCode();
      }
    }
  }

  private void clear() {
    codeBits = LEAST_BITS;
    free = FIRST;
    last = -1;
  }

  private void takeCode() {
    int code = nextCode();
    if (code == CLEAR) {
      clear();
      return;
    }
    if (code == END) {
      throw endsEarly();
    }
    boolean newest = code == free && last >= 0;
    if (code >= free && !newest || last < 0 && code > CLEAR) {
      throw damaged("has code " + code + " where " + free + " is the next new one");
    }
    int known = newest ? last : code;
    spell(known);
    if (newest) {
      // The last string and its own first byte.
      if (stringEnd == string.length) {
        throw damaged("has a string of " + stringEnd + " bytes");
      }
      string[stringEnd++] = string[0];
    }
    if (last >= 0 && free < 1 << MOST_BITS) {
      prefix[free] = (short) last;
      suffix[free] = string[0];
      lengths[free++] = (short) (lengths[last] + 1);
      if (free == (1 << codeBits) - (lowestFirst ? 0 : 1) && codeBits < MOST_BITS) {
        codeBits++;
      }
    }
    last = code;
  }

  private void spell(int code) {
    pending = 0;
    stringEnd = lengths[code];
    int to = stringEnd;
    for (int walk = code; to > 0; walk = prefix[walk]) {
      string[--to] = suffix[walk];
    }
  }

  private int nextCode() {
    while (windowBits < codeBits) {
      window = lowestFirst ? window | next() << windowBits : window << 8 | next();
      windowBits += 8;
    }
    windowBits -= codeBits;
    int mask = (1 << codeBits) - 1;
    if (lowestFirst) {
      int code = window & mask;
      window >>>= codeBits;
      return code;
    }
    return window >> windowBits & mask;
  }
}
