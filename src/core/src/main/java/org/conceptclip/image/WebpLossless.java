package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Lossless WebP (RFC 9649, section 3), row by row: libwebp decodes such a picture in one call that nothing can stop, and a picture may take
 * no bits for its pixels at all, so no slice of the file bounds a call. Pixels are ints: alpha, red, green and blue, 8 bits each. Holds the
 * last 1,048,576 pixels, which copies may reach back to, and the small pictures that transforms and code groups are.
 *
 * <pre>
 * picture = [8 bits 0x2f][14 width - 1][14 height - 1][1 alpha][3 version 0] ([1][transform])* [0] pixels
 * pixels  = colour cache, for the main picture code groups, prefix codes, symbols
 * </pre>
 */
final class WebpLossless implements WebpPicture {
  private static final int SIGNATURE = 0x2f;
  private static final int HEADER_BYTES = 5;
  private static final int BATCH_BYTES = 1 << 18;
  private static final int NANOS_PER_PIXEL = 30;

  /** Farther back than that no copy can reach. */
  private static final int LONGEST_DISTANCE = 1 << 20;

  /** Least pixels of a side that share one value of a transform or a code group. */
  private static final int SMALLEST_BLOCK = 4;

  private static final int MOST_GROUPS = 1 << 16;

  /** The five codes of a group begin with four bits each at least. */
  private static final int GROUP_BITS = 20;

  private static final int PREDICTOR = 0;
  private static final int COLOUR = 1;
  private static final int SUBTRACT_GREEN = 2;

  private final ImageSource source;
  private final int begin;
  private final int end;
  private final int width;
  private final int height;

  WebpLossless(ImageSource source, int begin, int end) {
    this.source = source;
    this.begin = begin;
    this.end = end;
    if (end - begin < HEADER_BYTES) {
      throw source.damaged("truncated: VP8L data of " + (end - begin) + " bytes", "a picture");
    }
    WebpBits bits = new WebpBits(source, begin, end);
    int signature = bits.read(8);
    width = bits.read(14) + 1;
    height = bits.read(14) + 1;
    bits.read(1);
    int version = bits.read(3);
    if (signature != SIGNATURE || version != 0) {
      throw source.damaged("VP8L data that do not begin as they should, or of version " + version, "the signature and version 0");
    }
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public void decode(RowSink sink) {
    long pixels = (long) width * height;
    long blocks = Math.ceilDiv(width, SMALLEST_BLOCK) * (long) Math.ceilDiv(height, SMALLEST_BLOCK);
    long groups = Math.min(Math.min(MOST_GROUPS, blocks), 8L * (end - begin) / GROUP_BITS + 1);
    // Two transforms and the code groups; rows before and after each transform; the pixels within reach.
    long heap = 3 * 4 * blocks + groups * (WebpPrefixCode.heapBytesPerGroup(groups) + 64) + 8L * 4 * width + 2L * BATCH_BYTES
        + 3L * width + 4 * Math.min(2 * pixels, LONGEST_DISTANCE) + (1 << 16);
    source.gate().enter(heap, 0, NANOS_PER_PIXEL * pixels);
    WebpBits bits = new WebpBits(source, begin, end);
    bits.read(24);
    bits.read(16);
    WebpSymbols symbols = new WebpSymbols(source, bits);
    Transform first = new Output(sink, width, height);
    int storedWidth = width;
    int seen = 0;
    while (bits.flag()) {
      int type = bits.read(2);
      if ((seen & 1 << type) != 0) {
        throw source.damaged("transform " + type + " twice", "each once");
      }
      seen |= 1 << type;
      Transform transform = switch (type) {
        case PREDICTOR, COLOUR -> {
          int blockBits = bits.read(3) + 2;
          int across = Math.ceilDiv(storedWidth, 1 << blockBits);
          int[] values = symbols.small(across, Math.ceilDiv(height, 1 << blockBits));
          yield type == PREDICTOR ? new Predictor(first, values, across, blockBits, storedWidth)
              : new ColourTransform(first, values, across, blockBits);
        }
        case SUBTRACT_GREEN -> new SubtractGreen(first);
        default -> {
          Palette palette = new Palette(first, symbols.small(bits.read(8) + 1, 1), storedWidth);
          storedWidth = Math.ceilDiv(storedWidth, 1 << palette.packing);
          yield palette;
        }
      };
      first = transform;
    }
    sink.begin(width, height, RgbImage.CHANNELS);
    symbols.main(storedWidth, height, first);
  }

  /** Undoes one transform of rows from the top, and hands them on. */
  interface Transform {
    /** Takes a row. Its pixels may be changed. */
    void row(int[] pixels);
  }

  private static int plus(int a, int b) {
    return (a & 0xff00ff00) + (b & 0xff00ff00) & 0xff00ff00 | (a & 0x00ff00ff) + (b & 0x00ff00ff) & 0x00ff00ff;
  }

  /** The end of the chain: rows of RGB, some at a time. */
  private final class Output implements Transform {
    private final RowSink sink;
    private final byte[] rgb;
    private final int batch;
    private int filled;
    private int left;

    Output(RowSink sink, int width, int height) {
      this.sink = sink;
      int rowBytes = width * RgbImage.CHANNELS;
      batch = Math.clamp(BATCH_BYTES / rowBytes, 1, height);
      rgb = new byte[batch * rowBytes];
      left = height;
    }

    @Override
    public void row(int[] pixels) {
      int to = filled * width * RgbImage.CHANNELS;
      for (int i = 0; i < width; i++, to += RgbImage.CHANNELS) {
        int pixel = pixels[i];
        rgb[to] = (byte) (pixel >> 16);
        rgb[to + 1] = (byte) (pixel >> 8);
        rgb[to + 2] = (byte) pixel;
      }
      filled++;
      left--;
      if (filled == batch || left == 0) {
        source.gate().check();
        sink.rows(MemorySegment.ofArray(rgb), 0, filled);
        filled = 0;
      }
    }
  }

  private static final class SubtractGreen implements Transform {
    private final Transform next;

    SubtractGreen(Transform next) {
      this.next = next;
    }

    @Override
    public void row(int[] pixels) {
      for (int i = 0; i < pixels.length; i++) {
        int green = pixels[i] >> 8 & 0xff;
        pixels[i] = pixels[i] & 0xff00ff00 | (pixels[i] & 0x00ff00ff) + (green << 16 | green) & 0x00ff00ff;
      }
      next.row(pixels);
    }
  }

  /** Red and blue were stored without what green, and red, let expect: products of signed bytes with 5 bits of fraction. */
  private static final class ColourTransform implements Transform {
    private final Transform next;
    private final int[] values;
    private final int across;
    private final int blockBits;
    private int y;

    ColourTransform(Transform next, int[] values, int across, int blockBits) {
      this.next = next;
      this.values = values;
      this.across = across;
      this.blockBits = blockBits;
    }

    @Override
    public void row(int[] pixels) {
      int from = (y++ >> blockBits) * across;
      for (int i = 0; i < pixels.length; i++) {
        int value = values[from + (i >> blockBits)];
        int pixel = pixels[i];
        int green = (byte) (pixel >> 8);
        int red = (pixel >> 16) + ((byte) value * green >> 5) & 0xff;
        int blue = pixel + ((byte) (value >> 8) * green >> 5) + ((byte) (value >> 16) * (byte) red >> 5) & 0xff;
        pixels[i] = pixel & 0xff00ff00 | red << 16 | blue;
      }
      next.row(pixels);
    }
  }

  /** Indices into a table of colours, up to eight of them in one pixel. */
  private static final class Palette implements Transform {
    final int packing;

    private final Transform next;
    private final int[] colours;
    private final int[] row;

    Palette(Transform next, int[] differences, int width) {
      int count = differences.length;
      this.next = next;
      this.packing = count <= 2 ? 3 : count <= 4 ? 2 : count <= 16 ? 1 : 0;
      // Indices behind the table's end mean black.
      this.colours = Arrays.copyOf(differences, 256);
      for (int i = 1; i < count; i++) {
        colours[i] = plus(colours[i], colours[i - 1]);
      }
      this.row = new int[width];
    }

    @Override
    public void row(int[] pixels) {
      int bits = 8 >> packing;
      int mask = (1 << bits) - 1;
      int within = (1 << packing) - 1;
      for (int i = 0; i < row.length; i++) {
        row[i] = colours[pixels[i >> packing] >> 8 + (i & within) * bits & mask];
      }
      next.row(row);
    }
  }

  /** Pixels were stored as differences from what their neighbours to the left and above let expect. */
  private static final class Predictor implements Transform {
    private static final int BLACK = 0xff000000;

    private final Transform next;
    private final int[] values;
    private final int across;
    private final int blockBits;
    private final int[] above;
    private int y;

    Predictor(Transform next, int[] values, int across, int blockBits, int width) {
      this.next = next;
      this.values = values;
      this.across = across;
      this.blockBits = blockBits;
      // The neighbour above and to the right of a row's last pixel is the row's own first.
      this.above = new int[width + 1];
    }

    @Override
    public void row(int[] pixels) {
      if (y == 0) {
        pixels[0] = plus(pixels[0], BLACK);
        for (int i = 1; i < pixels.length; i++) {
          pixels[i] = plus(pixels[i], pixels[i - 1]);
        }
      } else {
        pixels[0] = plus(pixels[0], above[0]);
        above[pixels.length] = pixels[0];
        int from = (y >> blockBits) * across;
        for (int i = 1; i < pixels.length; ) {
          int mode = values[from + (i >> blockBits)] >> 8 & 0xf;
          int stop = Math.min(pixels.length, (i >> blockBits) + 1 << blockBits);
          for (; i < stop; i++) {
            pixels[i] = plus(pixels[i], predict(mode, pixels[i - 1], above[i], above[i + 1], above[i - 1]));
          }
        }
      }
      y++;
      System.arraycopy(pixels, 0, above, 0, pixels.length);
      next.row(pixels);
    }

    private static int predict(int mode, int left, int top, int topRight, int topLeft) {
      return switch (mode) {
        case 1 -> left;
        case 2 -> top;
        case 3 -> topRight;
        case 4 -> topLeft;
        case 5 -> average(average(left, topRight), top);
        case 6 -> average(left, topLeft);
        case 7 -> average(left, top);
        case 8 -> average(topLeft, top);
        case 9 -> average(top, topRight);
        case 10 -> average(average(left, topLeft), average(top, topRight));
        case 11 -> select(left, top, topLeft);
        case 12 -> addDifference(left, top, topLeft);
        case 13 -> addHalfDifference(average(left, top), topLeft);
        default -> BLACK;
      };
    }

    private static int average(int a, int b) {
      return (a & b) + (((a ^ b) & 0xfefefefe) >>> 1);
    }

    /** The one of left and top that is closer to left + top - topLeft. */
    private static int select(int left, int top, int topLeft) {
      int toLeft = 0;
      int toTop = 0;
      for (int shift = 0; shift < 32; shift += 8) {
        int corner = topLeft >> shift & 0xff;
        toLeft += Math.abs((top >> shift & 0xff) - corner);
        toTop += Math.abs((left >> shift & 0xff) - corner);
      }
      return toLeft < toTop ? left : top;
    }

    private static int addDifference(int a, int b, int c) {
      int sum = 0;
      for (int shift = 0; shift < 32; shift += 8) {
        sum |= clip((a >> shift & 0xff) + (b >> shift & 0xff) - (c >> shift & 0xff)) << shift;
      }
      return sum;
    }

    private static int addHalfDifference(int a, int b) {
      int sum = 0;
      for (int shift = 0; shift < 32; shift += 8) {
        int value = a >> shift & 0xff;
        sum |= clip(value + (value - (b >> shift & 0xff)) / 2) << shift;
      }
      return sum;
    }

    private static int clip(int value) {
      return Math.clamp(value, 0, 255);
    }
  }
}
