package org.conceptclip.image;

import org.conceptclip.tensor.BadInputException;

/**
 * The palette indices of a GIF frame, as many at a time as the caller wants. Undoes LZW: each code names an earlier string, or "the last
 * string and its own first byte". Not thread-safe.
 *
 * <pre>
 * image data = [code bits] sub-blocks of codes, lowest bits first
 * sub-blocks = ([length 1..255][bytes])* [0]
 * </pre>
 */
final class GifCodes {
  private static final int MAX_CODE_BITS = 12;
  private static final int STRINGS = 1 << MAX_CODE_BITS;

  /** Most pixels that a byte of codes stands for: the longest code names the longest string, of less than 4096 pixels. */
  static final int MOST_PIXELS_OF_A_BYTE = STRINGS * 8 / MAX_CODE_BITS + 1;

  /** Bytes of the tables. */
  static final int HEAP_BYTES = 4 * STRINGS;

  /** Codes and pixels that are worked on without asking the gate: a few milliseconds. */
  private static final int UNCHECKED = 1 << 20;

  private final ImageSource source;
  private final byte[] file;
  private final long pixels;
  private final short[] prefix = new short[STRINGS];
  private final byte[] suffix = new byte[STRINGS];

  /** The rest of the current string, last index first. */
  private final byte[] stack = new byte[STRINGS + 1];

  private final int codeBits;
  private int at;
  private int depth;
  private int next;
  private int bits;
  private int last = -1;
  private int first;
  private long given;
  private int unchecked = UNCHECKED;
  private int pendingBits;
  private int pendingCount;
  private int subBlockLeft;

  /**
   * Begins at a frame's image data.
   *
   * @param pixels of the frame
   */
  GifCodes(ImageSource source, int at, long pixels) {
    this.source = source;
    this.file = source.bytes();
    this.pixels = pixels;
    source.require(at + 1);
    codeBits = file[at] & 0xff;
    this.at = at + 1;
    if (codeBits < 1 || codeBits > 8) {
      throw source.damaged("codes of " + codeBits + " bits", "1 to 8");
    }
    clear();
  }

  private void clear() {
    next = (1 << codeBits) + 2;
    bits = codeBits + 1;
    last = -1;
  }

  /** Reads the next {@code count} indices. */
  void read(byte[] target, int from, int count) {
    int filled = from;
    int end = from + count;
    while (true) {
      while (depth > 0 && filled < end) {
        target[filled++] = stack[--depth];
      }
      if (filled == end) {
        given += count;
        return;
      }
      takeString(given + filled - from);
    }
  }

  /** Reads codes up to one that names a string, and puts that on the stack. */
  private void takeString(long filled) {
    int clear = 1 << codeBits;
    int code = readCode(filled);
    while (code == clear) {
      clear();
      code = readCode(filled);
    }
    if (code == clear + 1) {
      throw source.damaged("truncated: an end code after " + filled + " pixels", pixels + " pixels");
    }
    if (code > next || code == next && last < 0 || last < 0 && code > clear) {
      throw source.damaged("LZW code " + code + " after " + filled + " pixels", "at most " + next);
    }
    int walk = code;
    if (code == next) {
      stack[depth++] = (byte) first;
      walk = last;
    }
    while (walk > clear) {
      stack[depth++] = suffix[walk];
      walk = prefix[walk];
    }
    first = walk;
    stack[depth++] = (byte) walk;
    unchecked -= depth;
    if (last >= 0 && next < STRINGS) {
      prefix[next] = (short) last;
      suffix[next++] = (byte) first;
      if (next == 1 << bits && bits < MAX_CODE_BITS) {
        bits++;
      }
    }
    last = code;
  }

  private int readCode(long filled) {
    if (--unchecked < 0) {
      source.gate().check();
      unchecked = UNCHECKED;
    }
    while (pendingCount < bits) {
      if (subBlockLeft == 0) {
        subBlockLeft = nextSubBlock(filled);
      }
      pendingBits |= (file[at++] & 0xff) << pendingCount;
      pendingCount += 8;
      subBlockLeft--;
    }
    int code = pendingBits & (1 << bits) - 1;
    pendingBits >>>= bits;
    pendingCount -= bits;
    return code;
  }

  private int nextSubBlock(long filled) throws BadInputException {
    source.require((long) at + 1);
    int length = file[at++] & 0xff;
    source.require((long) at + length);
    if (length == 0) {
      throw source.damaged("truncated: image data ends after " + filled + " pixels", pixels + " pixels");
    }
    return length;
  }
}
