package org.conceptclip.image;

import java.util.Arrays;
import org.conceptclip.tensor.BadInputException;

/**
 * How a TIFF stores its pixels, checked before memory is allocated. Missing tags mean what they mean to Pillow. Pixels lie in segments:
 * strips, which are as wide as the picture, or tiles, row by row; with separate planes first those of the first sample, and so on.
 */
final class TiffLayout {
  static final int GREY_FROM_WHITE = 0;
  static final int GREY_FROM_BLACK = 1;
  static final int RGB = 2;
  static final int PALETTE = 3;
  static final int CMYK = 5;
  static final int YCBCR = 6;

  private static final int MOST_SAMPLES = 16;
  private static final int ASSOCIATED_ALPHA = 1;
  private static final int HORIZONTAL_PREDICTOR = 2;

  final int width;
  final int height;
  final TiffCompression compression;
  final int photometric;

  /** Values of each pixel in the file, and how many of the first of them make up its colour. */
  final int samples;

  final int kept;

  /** Bits of each value: 1, 2, 4, 8 or 16. */
  final int bits;

  final boolean planar;
  final boolean reversedBits;
  final boolean predicted;
  final boolean premultiplied;

  /** Chroma's reduction in width and height where luma and chroma lie together; else 1. */
  final int chromaAcross;

  final int chromaDown;

  /** Sides of a segment, and how many stand side by side. The last ones may reach beyond the picture. */
  final int segmentWidth;

  final int segmentHeight;
  final int across;

  private final ImageSource source;
  private final TiffTags tags;
  private final boolean tiled;
  private final TiffTags.Integers offsets;
  private final TiffTags.Integers sizes;

  TiffLayout(ImageSource source, TiffTags tags) {
    this.source = source;
    this.tags = tags;
    source.checkSize(tags.first(TiffTags.WIDTH, -1), tags.first(TiffTags.HEIGHT, -1));
    width = (int) tags.first(TiffTags.WIDTH, -1);
    height = (int) tags.first(TiffTags.HEIGHT, -1);
    compression = TiffCompression.of(source, tags.first(TiffTags.COMPRESSION, 1));
    photometric = Math.clamp(tags.first(TiffTags.PHOTOMETRIC, GREY_FROM_WHITE), -1, 1 << 16);
    long announced = tags.first(TiffTags.SAMPLES, 1);
    bits = checkMode(announced);
    samples = (int) announced;
    premultiplied = photometric == RGB && samples > 3 && tags.first(TiffTags.EXTRA_SAMPLES, 0) == ASSOCIATED_ALPHA;
    kept = switch (photometric) {
      case RGB, YCBCR -> premultiplied ? 4 : 3;
      case CMYK -> 4;
      default -> 1;
    };
    planar = tags.first(TiffTags.PLANAR, 1) == 2 && samples > 1;
    reversedBits = tags.first(TiffTags.FILL_ORDER, 1) == 2;
    predicted = readPredictor();
    boolean subsampled = photometric == YCBCR && compression != TiffCompression.JPEG;
    chromaAcross = subsampled ? chroma(0) : 1;
    chromaDown = subsampled ? chroma(1) : 1;
    checkKinds();
    tiled = tags.count(TiffTags.TILE_OFFSETS) > 0 || tags.count(TiffTags.TILE_WIDTH) > 0;
    if (tiled) {
      source.checkSize(tags.first(TiffTags.TILE_WIDTH, -1), tags.first(TiffTags.TILE_HEIGHT, -1));
    }
    long rows = tags.first(tiled ? TiffTags.TILE_HEIGHT : TiffTags.ROWS_PER_STRIP, tiled ? -1 : height);
    segmentHeight = (int) (tiled ? rows : Math.min(rows, height));
    segmentWidth = tiled ? (int) tags.first(TiffTags.TILE_WIDTH, -1) : width;
    if (segmentHeight < 1) {
      throw source.damaged("strips of " + segmentHeight + " rows", "at least 1");
    }
    if (tiled && tags.count(TiffTags.STRIP_OFFSETS) > 0) {
      throw source.damaged("strips as well as tiles", "one of them");
    }
    across = Math.ceilDiv(width, segmentWidth);
    // What will be decoded, the margins of tiles included.
    source.checkSize((long) across * segmentWidth, height);
    offsets = tags.integers(tiled ? TiffTags.TILE_OFFSETS : TiffTags.STRIP_OFFSETS);
    int sizesTag = tiled ? TiffTags.TILE_SIZES : TiffTags.STRIP_SIZES;
    boolean sized = tags.count(sizesTag) > 0;
    sizes = sized ? tags.integers(sizesTag) : null;
    checkSegments(tags.count(tiled ? TiffTags.TILE_OFFSETS : TiffTags.STRIP_OFFSETS), sized ? tags.count(sizesTag) : -1);
  }

  /** Planes that are decoded: one where all samples of a pixel lie together. */
  int planes() {
    return planar ? kept : 1;
  }

  /** Values of a pixel that lie together. */
  int together() {
    return planar ? 1 : samples;
  }

  /** Bytes of one row of a segment before colours are made; where chroma is reduced, of {@link #chromaDown} rows. */
  int rowBytes() {
    if (photometric == YCBCR && compression != TiffCompression.JPEG) {
      return Math.ceilDiv(segmentWidth, chromaAcross) * (chromaAcross * chromaDown + 2);
    }
    return Math.toIntExact(Math.ceilDiv((long) segmentWidth * together() * bits, 8));
  }

  /** Bytes of all rows that are decoded. */
  long rawBytes() {
    return Math.ceilDiv((long) height, chromaDown) * rowBytes() * across * planes();
  }

  /** Number of a segment: the {@code column}-th of those that begin at row {@code top}. */
  int segment(int top, int column, int plane) {
    int down = Math.ceilDiv(height, segmentHeight);
    return (plane * down + top / segmentHeight) * across + column;
  }

  /** Offset of a segment's bytes. */
  int begin(int segment) {
    return (int) offsets.get(segment);
  }

  /** Offset behind a segment's bytes. */
  int end(int segment) {
    long begin = offsets.get(segment);
    // Pillow does not look at the sizes of what is not compressed.
    return (int) (compression == TiffCompression.NONE ? begin + segmentBytes(segment)
        : sizes != null ? begin + sizes.get(segment) : source.length());
  }

  /** Bytes of those rows of a segment that lie in the picture. */
  long segmentBytes(int segment) {
    int down = Math.ceilDiv(height, segmentHeight);
    int top = segment / across % down * segmentHeight;
    return Math.ceilDiv((long) Math.min(segmentHeight, height - top), chromaDown) * rowBytes();
  }

  private int checkMode(long announced) {
    int given = tags.count(TiffTags.BITS);
    TiffTags.Integers each = given == 0 ? index -> 1 : tags.integers(TiffTags.BITS);
    // One number may stand for all samples; numbers beyond the samples do not count.
    long[] found = new long[Math.min(Math.max(given, 1), Math.clamp(announced, 1, MOST_SAMPLES))];
    Arrays.setAll(found, each::get);
    long first = found[0];
    boolean uniform = (found.length == 1 || found.length == announced) && Arrays.stream(found).allMatch(value -> value == first);
    long format = sampleFormat();
    boolean small = first == 1 || first == 2 || first == 4 || first == 8;
    boolean plain = format == 1 || format == 2 && photometric == GREY_FROM_BLACK && announced == 1 && first == 8;
    boolean known = plain && uniform && announced <= MOST_SAMPLES && switch (photometric) {
      case GREY_FROM_WHITE, GREY_FROM_BLACK -> small && announced == 1 || first == 8 && announced == 2;
      case PALETTE -> small && announced == 1 || first == 8 && announced == 2;
      case RGB -> (first == 8 || first == 16) && announced >= 3;
      case CMYK -> first == 8 && announced >= 4;
      case YCBCR -> first == 8 && announced == 3;
      default -> false;
    };
    if (!known) {
      throw refused("photometric kind " + photometric + ", " + announced + " samples of " + Arrays.toString(found)
          + " bits, sample format " + format,
          "grey, palette, RGB, CMYK or YCbCr of 8 bits (or RGB of 16); map deeper grey to 8 bits first");
    }
    return (int) first;
  }

  private long sampleFormat() {
    int count = tags.count(TiffTags.SAMPLE_FORMAT);
    long format = tags.first(TiffTags.SAMPLE_FORMAT, 1);
    for (int i = 1; i < Math.min(count, MOST_SAMPLES); i++) {
      format = tags.integers(TiffTags.SAMPLE_FORMAT).get(i) == format ? format : 0;
    }
    return format;
  }

  /** The tag counts for LZW and Deflate alone. */
  private boolean readPredictor() {
    if (compression != TiffCompression.LZW && compression != TiffCompression.DEFLATE) {
      return false;
    }
    long predictor = tags.first(TiffTags.PREDICTOR, 1);
    if (predictor == 3) {
      throw refused("the predictor of floating-point samples", "none or the horizontal one");
    }
    if (predictor < 1 || predictor > 3) {
      throw source.damaged("predictor " + predictor, "1, 2 or 3");
    }
    if (predictor == HORIZONTAL_PREDICTOR && bits < 8) {
      throw refused("a predictor of samples of " + bits + " bits", "8 or 16 bits");
    }
    return predictor == HORIZONTAL_PREDICTOR;
  }

  private int chroma(int index) {
    return tags.count(TiffTags.CHROMA_SUBSAMPLING) < 2 ? 2
        : Math.clamp(tags.integers(TiffTags.CHROMA_SUBSAMPLING).get(index), 0, 1 << 16);
  }

  private void checkKinds() {
    if (compression.isFax() && (bits != 1 || samples != 1)) {
      throw refused(compression.title + " compression of " + samples + " samples of " + bits + " bits", "one bit a pixel");
    }
    if (reversedBits && bits == 16) {
      throw refused("reversed bits in samples of 16 bits", "fill order 1");
    }
    if (compression == TiffCompression.JPEG && (bits != 8 || samples == 2 || samples > 4 || photometric == PALETTE
        || photometric == RGB && samples != 3 || planar && photometric == YCBCR)) {
      throw refused("JPEG compression of photometric kind " + photometric + " with " + samples + " samples of " + bits + " bits"
          + (planar ? " in planes" : ""), "grey, RGB, CMYK or YCbCr of 8 bits");
    }
    if (photometric == YCBCR && compression != TiffCompression.JPEG) {
      boolean legal = (chromaAcross == 1 || chromaAcross == 2 || chromaAcross == 4)
          && (chromaDown == 1 || chromaDown == 2 || chromaDown == 4) && !(chromaAcross == 1 && chromaDown == 4)
          && !(chromaAcross == 2 && chromaDown == 4);
      if (planar || !legal || predicted && chromaAcross * chromaDown > 1) {
        throw refused("YCbCr with chroma reduced by " + chromaAcross + " and " + chromaDown + (planar ? ", in planes" : "")
            + (predicted ? ", with a predictor" : ""), "luma and chroma together, reduced by 1, 2 or 4");
      }
    }
  }

  /** All segments lie in the file, they can carry the picture, and reading them costs no more than the file and the picture have. */
  private void checkSegments(int offsetCount, int sizeCount) {
    int needed = Math.ceilDiv(height, segmentHeight) * across;
    long all = (long) needed * planes();
    // A single strip may come without its size.
    boolean sized = compression == TiffCompression.NONE || sizeCount >= all || sizeCount < 0 && all == 1;
    if (offsetCount < all || !sized) {
      throw source.damaged(offsetCount + " strips or tiles with " + Math.max(sizeCount, 0) + " sizes", "a size for each of " + all);
    }
    long total = 0;
    for (int segment = 0; segment < all; segment++) {
      long begin = offsets.get(segment);
      tags.require(begin, 0);
      long size = compression == TiffCompression.NONE ? segmentBytes(segment)
          : sizes != null ? sizes.get(segment) : end(segment) - begin;
      tags.require(begin, size);
      total += size;
    }
    long raw = rawBytes();
    if (total > source.length() + raw) {
      throw source.damaged("strips or tiles of " + total + " bytes in all in a file of " + source.length(), "strips that do not overlap");
    }
    long carriers = Math.min(total, source.length());
    if (compression.isFax()) {
      source.gate().checkCarried(height, 8 * carriers, "rows");
    } else if (compression != TiffCompression.JPEG) {
      source.gate().checkCarried(raw, compression.mostBytesPerByte * carriers, "bytes of pixels");
    }
  }

  private BadInputException refused(String found, String expected) {
    return new BadInputException(source.name() + ": TIFF of " + found + ", expected " + expected);
  }
}
