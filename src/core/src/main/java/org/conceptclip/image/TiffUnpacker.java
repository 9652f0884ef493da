package org.conceptclip.image;

import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.conceptclip.tensor.BadInputException;

/**
 * Undoes the compression of one strip or tile after the other, as many bytes at a time as are asked for, so that not even a strip that is
 * the whole picture needs memory. Asks the gate after at most 64 KiB of input or output. Not thread-safe.
 */
abstract class TiffUnpacker implements AutoCloseable {
  /** Most bytes between two questions whether to go on. */
  private static final int STRIDE = 1 << 16;

  final ImageSource source;

  /** The next byte of the segment, and the byte behind its last. */
  int at;

  int end;

  private final byte[] file;
  private final boolean reversed;
  private final TiffLayout layout;
  private int segment;
  private long unpacked;
  private int sinceCheck;

  TiffUnpacker(ImageSource source, TiffLayout layout) {
    this.source = source;
    this.file = source.bytes();
    this.layout = layout;
    this.reversed = layout.reversedBits;
  }

  /** An unpacker for the compression of a file. */
  static TiffUnpacker of(ImageSource source, TiffTags tags, TiffLayout layout) {
    return switch (layout.compression) {
      case NONE -> new Stored(source, layout);
      case PACK_BITS -> new PackBits(source, layout);
      case LZW -> new TiffLzw(source, layout);
      case DEFLATE -> new Deflate(source, layout);
      case JPEG -> new TiffJpeg(source, tags, layout);
      case FAX_RUNS, FAX_GROUP_3, FAX_GROUP_4 -> new TiffFax(source, layout, (tags.first(TiffTags.GROUP3_OPTIONS, 0) & 1) != 0);
    };
  }

  /** Heap that an unpacker takes for itself. */
  static long heapBytes(TiffLayout layout) {
    return layout.compression.isFax() ? 8L * layout.segmentWidth + (1 << 17) : 1 << 17;
  }

  /** Goes to the start of a segment. */
  final void open(int number) {
    segment = number;
    at = layout.begin(number);
    end = layout.end(number);
    unpacked = 0;
    restart();
  }

  /** Unpacks the segment's next bytes. */
  final void read(byte[] target, int from, int count) {
    int to = from + count;
    for (int next = from; next < to; ) {
      int piece = Math.min(STRIDE, to - next);
      worked(piece);
      unpack(target, next, piece);
      next += piece;
      unpacked += piece;
    }
  }

  /** Begins a segment. */
  abstract void restart();

  abstract void unpack(byte[] target, int from, int count);

  @Override
  public void close() {}

  /** Number of the open segment. */
  final int segment() {
    return segment;
  }

  /** The segment's next byte, with its bits in the usual order. */
  final int next() {
    if (at >= end) {
      throw endsEarly();
    }
    worked(1);
    return byteAt(at++);
  }

  final int byteAt(int offset) {
    int value = file[offset] & 0xff;
    return reversed ? Integer.reverse(value) >>> 24 : value;
  }

  final boolean isReversed() {
    return reversed;
  }

  final BadInputException endsEarly() {
    return damaged("truncated: it ends after " + unpacked + " of its bytes");
  }

  final BadInputException damaged(String what) {
    return source.damaged("strip or tile " + segment + " with " + layout.compression.title + " compression " + what,
        layout.segmentBytes(segment) + " bytes of pixels");
  }

  private void worked(int bytes) {
    sinceCheck += bytes;
    if (sinceCheck >= STRIDE) {
      sinceCheck = 0;
      source.gate().check();
    }
  }

  private static final class Stored extends TiffUnpacker {
    Stored(ImageSource source, TiffLayout layout) {
      super(source, layout);
    }

    @Override
    void restart() {}

    @Override
    void unpack(byte[] target, int from, int count) {
      if (count > end - at) {
        throw endsEarly();
      }
      for (int i = 0; i < count; i++) {
        target[from + i] = (byte) byteAt(at + i);
      }
      at += count;
    }
  }

  /** {@code ([0..127 = n][n + 1 bytes] | [129..255 = 257 - n][byte to repeat n times] | [128])*}. */
  private static final class PackBits extends TiffUnpacker {
    private int left;
    private boolean repeating;
    private int repeated;

    PackBits(ImageSource source, TiffLayout layout) {
      super(source, layout);
    }

    @Override
    void restart() {
      left = 0;
    }

    @Override
    void unpack(byte[] target, int from, int count) {
      for (int to = from, stop = from + count; to < stop; ) {
        if (left == 0) {
          int head = next();
          repeating = head > 128;
          left = head == 128 ? 0 : repeating ? 257 - head : head + 1;
          repeated = repeating ? next() : 0;
        } else {
          target[to++] = (byte) (repeating ? repeated : next());
          left--;
        }
      }
    }
  }

  private static final class Deflate extends TiffUnpacker {
    private final Inflater inflater = new Inflater();
    private final byte[] input = new byte[STRIDE];

    Deflate(ImageSource source, TiffLayout layout) {
      super(source, layout);
    }

    @Override
    void restart() {
      inflater.reset();
    }

    @Override
    void unpack(byte[] target, int from, int count) {
      try {
        for (int to = from, stop = from + count; to < stop; ) {
          int done = inflater.inflate(target, to, stop - to);
          to += done;
          if (done == 0) {
            feed();
          }
        }
      } catch (DataFormatException e) {
        throw damaged("is no zlib stream");
      }
    }

    /** A piece at a time, because a call of the inflater can take all input without any output. */
    private void feed() {
      if (inflater.finished() || inflater.needsDictionary() || !inflater.needsInput() || at >= end) {
        throw endsEarly();
      }
      int piece = Math.min(input.length, end - at);
      source.gate().check();
      if (isReversed()) {
        for (int i = 0; i < piece; i++) {
          input[i] = (byte) byteAt(at + i);
        }
        inflater.setInput(input, 0, piece);
      } else {
        inflater.setInput(source.bytes(), at, piece);
      }
      at += piece;
    }

    @Override
    public void close() {
      inflater.end();
    }
  }
}
