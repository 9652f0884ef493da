package org.conceptclip.image;

import java.util.HexFormat;

/**
 * The pixels of a lossless WebP picture, or of a small one inside it, from prefix codes: each symbol is a pixel, a place in a cache of
 * colours, or a copy of earlier pixels.
 */
final class WebpSymbols {
  private static final int LITERALS = 256;
  private static final int LENGTH_CODES = 24;
  private static final int DISTANCE_CODES = 40;
  private static final int MOST_CACHE_BITS = 11;
  private static final int HASH = 0x1e35a7bd;
  private static final int PIXELS_PER_CHECK = 1 << 16;
  private static final int LONGEST_DISTANCE = 1 << 20;

  /** The codes of a group. */
  private static final int GREEN = 0;

  private static final int RED = 1;
  private static final int BLUE = 2;
  private static final int ALPHA = 3;
  private static final int DISTANCE = 4;

  /** Short distances: 16 times the rows up, plus 8 minus the columns to the left. */
  private static final byte[] NEAR_DISTANCES = HexFormat.of().parseHex("1807171928062729161a262a38053739151b363a252b48044749141c353b"
      + "464a242c58454b343c035759131d565a232d444c555b333d68026769121e666a222e545c434d656b323e780177"
      + "79535d111f646c424e767a212f757b313f636d525e00747c414f1020626e30737d515f40727e616f50717f6070");

  private final ImageSource source;
  private final WebpBits bits;
  private final int[] lengths = new int[LITERALS + LENGTH_CODES + (1 << MOST_CACHE_BITS)];

  WebpSymbols(ImageSource source, WebpBits bits) {
    this.source = source;
    this.bits = bits;
  }

  /** The values of a transform or of code groups: a picture in one array. */
  int[] small(int width, int height) {
    int[] pixels = new int[Math.multiplyExact(width, height)];
    int cacheBits = readCacheBits();
    new Run(pixels, width, pixels.length, cacheBits, new WebpPrefixCode[][] {readGroup(cacheBits, 1)}).decode(null);
    return pixels;
  }

  /** The main picture: rows for the first transform to undo. */
  void main(int width, int height, WebpLossless.Transform first) {
    int cacheBits = readCacheBits();
    int blockBits = 0;
    int[] blocks = null;
    int groups = 1;
    if (bits.flag()) {
      blockBits = bits.read(3) + 2;
      blocks = small(Math.ceilDiv(width, 1 << blockBits), Math.ceilDiv(height, 1 << blockBits));
      for (int i = 0; i < blocks.length; i++) {
        blocks[i] = blocks[i] >> 8 & 0xffff;
        groups = Math.max(groups, blocks[i] + 1);
      }
    }
    boolean[] wanted = new boolean[groups];
    wanted[0] = blocks == null;
    for (int i = 0; blocks != null && i < blocks.length; i++) {
      wanted[blocks[i]] = true;
    }
    WebpPrefixCode[][] codes = new WebpPrefixCode[groups][];
    for (int group = 0; group < groups; group++) {
      source.gate().check();
      WebpPrefixCode[] read = readGroup(cacheBits, groups);
      codes[group] = wanted[group] ? read : null;
    }
    int total = Math.multiplyExact(width, height);
    int reach = Math.min(LONGEST_DISTANCE, Integer.highestOneBit(Math.max(1, 2 * Math.min(total, LONGEST_DISTANCE) - 1)));
    Run run = new Run(new int[reach], width, total, cacheBits, codes);
    run.blocks = blocks;
    run.blockBits = blockBits;
    run.decode(first);
  }

  private int readCacheBits() {
    if (!bits.flag()) {
      return 0;
    }
    int cacheBits = bits.read(4);
    if (cacheBits < 1 || cacheBits > MOST_CACHE_BITS) {
      throw source.damaged("a colour cache of " + cacheBits + " bits", "1 to " + MOST_CACHE_BITS);
    }
    return cacheBits;
  }

  private WebpPrefixCode[] readGroup(int cacheBits, int groups) {
    int green = LITERALS + LENGTH_CODES + (cacheBits > 0 ? 1 << cacheBits : 0);
    int[] alphabets = {green, LITERALS, LITERALS, LITERALS, DISTANCE_CODES};
    WebpPrefixCode[] codes = new WebpPrefixCode[alphabets.length];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = WebpPrefixCode.read(source, bits, lengths, alphabets[i], groups);
    }
    return codes;
  }

  /** One picture's symbols. */
  private final class Run {
    /** The last pixels, as many as a power of two; or all pixels of a small picture. */
    private final int[] pixels;

    private final int width;
    private final int total;
    private final boolean ring;
    private final WebpPrefixCode[][] groups;
    private final int[] cache;
    private final int cacheShift;
    private final int[] row;
    private int[] blocks;
    private int blockBits;
    private WebpLossless.Transform first;
    private int position;
    private int x;
    private int y;

    Run(int[] pixels, int width, int total, int cacheBits, WebpPrefixCode[][] groups) {
      this.pixels = pixels;
      this.width = width;
      this.total = total;
      this.groups = groups;
      this.cache = cacheBits > 0 ? new int[1 << cacheBits] : null;
      this.cacheShift = 32 - cacheBits;
      this.ring = Integer.bitCount(pixels.length) == 1;
      this.row = new int[width];
    }

    void decode(WebpLossless.Transform to) {
      first = to;
      int checkAt = PIXELS_PER_CHECK;
      WebpPrefixCode[] group = blocks == null ? groups[0] : null;
      int groupEnd = blocks == null ? width : 0;
      int row = -1;
      while (position < total) {
        if (position >= checkAt) {
          source.gate().check();
          checkAt = position + PIXELS_PER_CHECK;
        }
        if (blocks != null && (y != row || x >= groupEnd)) {
          row = y;
          group = groups[blocks[(y >> blockBits) * Math.ceilDiv(width, 1 << blockBits) + (x >> blockBits)]];
          groupEnd = (x >> blockBits) + 1 << blockBits;
        }
        int symbol = group[GREEN].read(bits);
        if (symbol < LITERALS) {
          int red = group[RED].read(bits);
          int blue = group[BLUE].read(bits);
          put(group[ALPHA].read(bits) << 24 | red << 16 | symbol << 8 | blue);
        } else if (symbol < LITERALS + LENGTH_CODES) {
          int length = number(symbol - LITERALS);
          copy(length, distance(number(group[DISTANCE].read(bits))));
        } else {
          put(cache[symbol - LITERALS - LENGTH_CODES]);
        }
      }
    }

    private void put(int pixel) {
      pixels[ring ? position & pixels.length - 1 : position] = pixel;
      if (cache != null) {
        cache[HASH * pixel >>> cacheShift] = pixel;
      }
      position++;
      row[x++] = pixel;
      if (x == width) {
        x = 0;
        y++;
        if (first != null) {
          first.row(row);
        }
      }
    }

    private void copy(int length, int distance) {
      if (distance > position || length > total - position) {
        throw source.damaged("a copy of " + length + " pixels from " + distance + " back at pixel " + position, "pixels of the picture");
      }
      for (int i = 0; i < length; i++) {
        put(pixels[ring ? position - distance & pixels.length - 1 : position - distance]);
      }
    }

    /** A number of which a symbol gives the upper bits. */
    private int number(int symbol) {
      if (symbol < 4) {
        return symbol + 1;
      }
      int extra = symbol - 2 >> 1;
      return (2 + (symbol & 1) << extra) + bits.read(extra) + 1;
    }

    private int distance(int number) {
      if (number > NEAR_DISTANCES.length) {
        return number - NEAR_DISTANCES.length;
      }
      int near = NEAR_DISTANCES[number - 1];
      return Math.max(1, (near >> 4) * width + 8 - (near & 0xf));
    }
  }
}
