package org.conceptclip.image;

import java.util.Arrays;

/**
 * A canonical prefix code of lossless WebP for symbols up to 4095. Short codes are looked up; longer ones are counted through, so that the
 * tables of the 65,536 groups that a file may have stay small.
 */
final class WebpPrefixCode {
  private static final int MOST_BITS = 15;
  private static final int ROOT_BITS = 8;
  private static final int SMALL_ROOT_BITS = 5;

  /** Groups beyond this number have smaller tables. */
  private static final int MANY_GROUPS = 256;

  private static final int[] LENGTH_ORDER = {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

  /** The one symbol of a code that takes no bits, or -1. */
  private final int only;

  private final int rootBits;

  /** For the next {@link #rootBits} bits: symbol times 16 plus length, or 0 where the code is longer. */
  private final char[] root;

  /** Symbols in the order of their codes, and how many have each length. */
  private final char[] symbols;

  private final char[] counts;

  private WebpPrefixCode(int only, int rootBits, char[] root, char[] symbols, char[] counts) {
    this.only = only;
    this.rootBits = rootBits;
    this.root = root;
    this.symbols = symbols;
    this.counts = counts;
  }

  /** Heap of a group of five codes, at most. */
  static long heapBytesPerGroup(long groups) {
    return groups > MANY_GROUPS ? 5L * (200 + 2 * (1 << SMALL_ROOT_BITS)) : 5L * (200 + 2 * (1 << ROOT_BITS)) + 2 * 4096;
  }

  boolean takesNoBits() {
    return only >= 0;
  }

  int read(WebpBits bits) {
    if (only >= 0) {
      return only;
    }
    int next = bits.peek(MOST_BITS);
    int found = root[next & (1 << rootBits) - 1];
    if (found != 0) {
      bits.skip(found & 0xf);
      return found >> 4;
    }
    int code = 0;
    int first = 0;
    int index = 0;
    for (int length = 1; length <= MOST_BITS; length++) {
      code |= next >> length - 1 & 1;
      int count = counts[length];
      if (code - first < count) {
        bits.skip(length);
        return symbols[index + code - first];
      }
      index += count;
      first = first + count << 1;
      code <<= 1;
    }
    // Codes are complete, so only missing bits lead here.
    throw bits.endsEarly();
  }

  /**
   * Reads a code.
   *
   * @param lengths memory for the lengths of {@code alphabet} symbols
   * @param groups how many groups of codes the picture has
   */
  static WebpPrefixCode read(ImageSource source, WebpBits bits, int[] lengths, int alphabet, int groups) {
    Arrays.fill(lengths, 0, alphabet, 0);
    if (bits.flag()) {
      boolean two = bits.flag();
      int first = bits.read(bits.flag() ? 8 : 1);
      int second = two ? bits.read(8) : first;
      if (Math.max(first, second) >= alphabet) {
        throw source.damaged("a prefix code for symbol " + Math.max(first, second), "less than " + alphabet);
      }
      lengths[first] = 1;
      lengths[second] = 1;
    } else {
      readLengths(source, bits, lengths, alphabet);
    }
    return of(source, lengths, alphabet, groups > MANY_GROUPS ? SMALL_ROOT_BITS : ROOT_BITS);
  }

  private static void readLengths(ImageSource source, WebpBits bits, int[] lengths, int alphabet) {
    int[] lengthLengths = new int[LENGTH_ORDER.length];
    int given = 4 + bits.read(4);
    if (given > LENGTH_ORDER.length) {
      throw source.damaged(given + " code lengths of code lengths", "at most " + LENGTH_ORDER.length);
    }
    for (int i = 0; i < given; i++) {
      lengthLengths[LENGTH_ORDER[i]] = bits.read(3);
    }
    WebpPrefixCode code = of(source, lengthLengths, lengthLengths.length, SMALL_ROOT_BITS);
    int left = alphabet;
    if (bits.flag()) {
      left = 2 + bits.read(2 + 2 * bits.read(3));
      if (left > alphabet) {
        throw source.damaged(left + " code lengths", "at most " + alphabet);
      }
    }
    int previous = 8;
    for (int symbol = 0; symbol < alphabet && left > 0; left--) {
      int length = code.read(bits);
      if (length < 16) {
        lengths[symbol++] = length;
        previous = length == 0 ? previous : length;
        continue;
      }
      int repeats = length == 16 ? 3 + bits.read(2) : length == 17 ? 3 + bits.read(3) : 11 + bits.read(7);
      if (repeats > alphabet - symbol) {
        throw source.damaged("more code lengths than symbols", alphabet + "");
      }
      Arrays.fill(lengths, symbol, symbol + repeats, length == 16 ? previous : 0);
      symbol += repeats;
    }
  }

  /** The canonical code of these lengths, which has to be complete unless it has one symbol. */
  private static WebpPrefixCode of(ImageSource source, int[] lengths, int alphabet, int mostRootBits) {
    char[] counts = new char[MOST_BITS + 1];
    int used = 0;
    int last = -1;
    int longest = 0;
    for (int symbol = 0; symbol < alphabet; symbol++) {
      if (lengths[symbol] > 0) {
        counts[lengths[symbol]]++;
        longest = Math.max(longest, lengths[symbol]);
        used++;
        last = symbol;
      }
    }
    if (used == 1) {
      return new WebpPrefixCode(last, 0, null, null, null);
    }
    int[] next = new int[MOST_BITS + 2];
    int[] codes = new int[MOST_BITS + 2];
    int open = 1;
    for (int length = 1; length <= MOST_BITS; length++) {
      open = 2 * open - counts[length];
      if (open < 0) {
        break;
      }
      next[length + 1] = next[length] + counts[length];
      codes[length + 1] = codes[length] + counts[length] << 1;
    }
    if (open != 0) {
      throw source.damaged("a prefix code that is not complete", "one that is");
    }
    char[] symbols = new char[used];
    int rootBits = Math.min(longest, mostRootBits);
    char[] root = new char[1 << rootBits];
    for (int symbol = 0; symbol < alphabet; symbol++) {
      int length = lengths[symbol];
      if (length > 0) {
        symbols[next[length]++] = (char) symbol;
        int code = Integer.reverse(codes[length]++) >>> 32 - length;
        for (int i = code; length <= rootBits && i < root.length; i += 1 << length) {
          root[i] = (char) (symbol << 4 | length);
        }
      }
    }
    return new WebpPrefixCode(-1, rootBits, root, symbols, counts);
  }
}
