package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * WebP to RGB, row by row: this class finds the picture in the file, {@link WebpLossless} or {@link WebpLossy} decodes it. Alpha is not
 * looked at. Of an animation the first frame is decoded, on black.
 *
 * <pre>
 * file  = "RIFF" [int32 size, little-endian] "WEBP" chunk*
 * chunk = [type: 4 ASCII letters][int32 length][length bytes][0 to make it even]
 * VP8X  = [flags][3 reserved][int24 canvas width - 1][int24 canvas height - 1]
 * ANMF  = [int24 x / 2][int24 y / 2][int24 width - 1][int24 height - 1][int24 duration][flags] chunk*
 * </pre>
 */
final class WebpDecoder {
  private static final int RIFF_HEADER_BYTES = 12;
  private static final int CHUNK_HEADER_BYTES = 8;
  private static final int FRAME_HEADER_BYTES = 16;
  private static final int CHUNKS_PER_CHECK = 1 << 14;

  /** Where the body of an extended file's first chunk begins. */
  private static final int CANVAS = RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES;

  private static final int ANIMATION_FLAG = 2;

  /** Most pixels of a canvas that its first frame may leave open: nothing in the file stands for them. */
  private static final long MOST_OPEN_PIXELS = 16 << 20;

  private final ImageSource source;
  private final ByteBuffer data;
  private final RowSink sink;

  private WebpDecoder(ImageSource source, RowSink sink) {
    this.source = source;
    this.data = source.numbers(ByteOrder.LITTLE_ENDIAN);
    this.sink = sink;
  }

  static void decode(ImageSource source, RowSink sink) {
    new WebpDecoder(source, sink).decode();
  }

  private void decode() {
    source.require(CANVAS);
    long announced = (data.getInt(4) & 0xffffffffL) + 8;
    source.require(announced);
    if (announced < CANVAS) {
      throw source.damaged("a RIFF file of " + announced + " bytes", "a chunk in it");
    }
    int end = (int) announced;
    if (!is("VP8X", RIFF_HEADER_BYTES, end)) {
      find(RIFF_HEADER_BYTES, end).decode(sink);
      return;
    }
    if (length(RIFF_HEADER_BYTES, end) < 10) {
      throw source.damaged("VP8X chunk of " + length(RIFF_HEADER_BYTES, end) + " bytes", "10");
    }
    int width = int24(CANVAS + 4) + 1;
    int height = int24(CANVAS + 7) + 1;
    source.checkSize(width, height);
    if ((source.bytes()[CANVAS] & ANIMATION_FLAG) != 0) {
      decodeFirstFrame(width, height, end);
    } else {
      WebpPicture picture = find(RIFF_HEADER_BYTES, end);
      if (picture.width() != width || picture.height() != height) {
        throw source.damaged("a picture of " + picture.width() + "x" + picture.height(),
            "the size that its header announces, " + width + "x" + height);
      }
      picture.decode(sink);
    }
  }

  private void decodeFirstFrame(int width, int height, int end) {
    int chunk = find(RIFF_HEADER_BYTES, end, "ANMF", "ANMF");
    int frame = chunk + CHUNK_HEADER_BYTES;
    int length = length(chunk, end);
    if (length < FRAME_HEADER_BYTES + CHUNK_HEADER_BYTES) {
      throw source.damaged("frame of " + length + " bytes", "a frame header and a picture");
    }
    int x = 2 * int24(frame);
    int y = 2 * int24(frame + 3);
    // The chunks of alpha and picture lie in the frame without a file around them.
    WebpPicture picture = find(frame + FRAME_HEADER_BYTES, frame + length);
    if (picture.width() != int24(frame + 6) + 1 || picture.height() != int24(frame + 9) + 1
        || x > width - picture.width() || y > height - picture.height()) {
      throw source.damaged("frame of " + picture.width() + "x" + picture.height() + " at " + x + "," + y,
          "the size that its header announces, inside " + width + "x" + height);
    }
    long open = (long) width * height - (long) picture.width() * picture.height();
    source.gate().checkCarried(open, MOST_OPEN_PIXELS, "pixels outside of its first frame");
    picture.decode(new Canvas(sink, source.gate(), width, height, x, y));
  }

  /** The first picture among chunks. */
  private WebpPicture find(int from, int end) {
    int chunk = find(from, end, "VP8 ", "VP8L");
    int begin = chunk + CHUNK_HEADER_BYTES;
    int length = length(chunk, end);
    WebpPicture picture = is("VP8L", chunk, end)
        ? new WebpLossless(source, begin, begin + length)
        : new WebpLossy(source, begin, length);
    source.checkSize(picture.width(), picture.height());
    return picture;
  }

  /** The first chunk of one of two types. */
  private int find(int from, int end, String type, String other) {
    int chunk = from;
    for (int passed = 1; ; passed++) {
      if (chunk > end - CHUNK_HEADER_BYTES) {
        throw source.damaged("no " + type.strip() + " chunk", "a picture");
      }
      if (is(type, chunk, end) || is(other, chunk, end)) {
        return chunk;
      }
      int length = length(chunk, end);
      chunk = Math.addExact(chunk, CHUNK_HEADER_BYTES + length + (length & 1));
      if (passed % CHUNKS_PER_CHECK == 0) {
        source.gate().check();
      }
    }
  }

  /** The length of a chunk that lies within its surroundings as a whole. */
  private int length(int chunk, int end) {
    long length = data.getInt(chunk + 4) & 0xffffffffL;
    if (length > end - chunk - CHUNK_HEADER_BYTES) {
      throw source.damaged("truncated: a chunk of " + length + " bytes at byte " + chunk, "at most " + (end - chunk - CHUNK_HEADER_BYTES));
    }
    return (int) length;
  }

  private boolean is(String type, int chunk, int end) {
    length(chunk, end);
    for (int i = 0; i < type.length(); i++) {
      if (source.bytes()[chunk + i] != type.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private int int24(int at) {
    return data.getInt(at - 1) >>> 8;
  }

  /** Surrounds the rows of a frame with black. */
  private static final class Canvas implements RowSink {
    private final RowSink sink;
    private final DecodeGate gate;
    private final int width;
    private final int height;
    private final int x;
    private final int y;
    private final byte[] row;
    private int frameWidth;
    private int rowsLeft;
    private int below;

    Canvas(RowSink sink, DecodeGate gate, int width, int height, int x, int y) {
      this.sink = sink;
      this.gate = gate;
      this.width = width;
      this.height = height;
      this.x = x;
      this.y = y;
      this.row = new byte[width * RgbImage.CHANNELS];
    }

    @Override
    public void begin(int columns, int rows, int channels) {
      frameWidth = columns;
      rowsLeft = rows;
      sink.begin(width, height, RgbImage.CHANNELS);
      black(y);
      below = height - y - rows;
    }

    @Override
    public void rows(MemorySegment rows, long from, int count) {
      int bytes = frameWidth * RgbImage.CHANNELS;
      for (int i = 0; i < count; i++) {
        MemorySegment.copy(rows, ValueLayout.JAVA_BYTE, from + (long) i * bytes, row, x * RgbImage.CHANNELS, bytes);
        sink.rows(MemorySegment.ofArray(row), 0, 1);
      }
      rowsLeft -= count;
      if (rowsLeft == 0) {
        Arrays.fill(row, (byte) 0);
        black(below);
      }
    }

    private void black(int count) {
      for (int i = 0; i < count; i++) {
        gate.check();
        sink.rows(MemorySegment.ofArray(row), 0, 1);
      }
    }
  }
}
