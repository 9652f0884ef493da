package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The first frame of a GIF (87a, 89a) to RGB. As in Pillow, the picture is the logical screen, grown where the frame
 * reaches beyond it; what the frame leaves open has the transparent colour if there is one, else colour 0; without
 * palette, and beyond the palette's end, an index is grey of that value. Image data that ends early is an error.
 *
 * <p>A file is refused before its pixels are decoded if its frame has more pixels than LZW can name with the bytes at hand, or if its
 * screen is both larger than 16,777,216 pixels and more than 16 times as large as the frame: real files draw on what they announce.
 *
 * <pre>
 * file  = "GIF89a" [int16 width][int16 height][flags][background][aspect] palette? block* ';'
 * block = '!' [label] sub-blocks | ',' [int16 x, y, width, height][flags] palette? [code bits] sub-blocks of LZW codes
 * sub-blocks = ([length 1..255][bytes])* [0]
 * </pre>
 */
final class GifDecoder {
  private static final int HEADER_BYTES = 13;
  private static final int DESCRIPTOR_BYTES = 9;
  private static final int GRAPHIC_CONTROL = 0xf9;

  /** A screen may have so many pixels whatever the frame has, else so many times those of the frame. */
  private static final long FREE_SCREEN_PIXELS = 1 << 24;

  private static final int SCREEN_RATIO = 16;

  /** Blocks that are passed without asking the gate. */
  private static final int UNCHECKED_BLOCKS = 1 << 16;

  /** Estimated processor time of a pixel of the frame, and of one of the screen, which is resized. */
  private static final int FRAME_NANOS = 6;

  private static final int SCREEN_NANOS = 8;

  /** First row and row step of the four interlace passes; a sequential picture is one pass. */
  private static final int[][] INTERLACED = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};

  private final ImageSource source;
  private final byte[] file;
  private final ByteBuffer data;
  private final HeapScratch output;
  private int at = HEADER_BYTES;
  private int transparent = -1;
  private int blocks;

  /** Where the frame lies on the screen. */
  private int x;

  private int y;
  private int frameWidth;
  private int frameHeight;

  GifDecoder(ImageSource source, DecodeWorkspace workspace) {
    this.source = source;
    this.output = workspace.rows;
    this.file = source.bytes();
    this.data = source.numbers(ByteOrder.LITTLE_ENDIAN);
  }

  void decode(RowSink sink) {
    source.require(HEADER_BYTES);
    byte[] palette = PngDecoder.greyRamp();
    takePalette(file[10], palette);
    findFrame();
    x = data.getChar(at);
    y = data.getChar(at + 2);
    frameWidth = data.getChar(at + 4);
    frameHeight = data.getChar(at + 6);
    int flags = file[at + 8];
    at += DESCRIPTOR_BYTES;
    if ((flags & 0x80) != 0) {
      palette = PngDecoder.greyRamp();
      takePalette(flags, palette);
    }
    int width = Math.max(data.getChar(6), x + frameWidth);
    int height = Math.max(data.getChar(8), y + frameHeight);
    source.checkSize(width, height);
    source.checkSize(frameWidth, frameHeight);
    boolean interlaced = (flags & 0x40) != 0;
    int batch = Math.min(height, sink.batchRows(width, RgbImage.CHANNELS));
    enter(width, height, batch, interlaced);
    sink.begin(width, height, RgbImage.CHANNELS);
    GifCodes codes = new GifCodes(source, at, (long) frameWidth * frameHeight);
    if (interlaced) {
      byte[] indices = new byte[frameWidth * frameHeight];
      codes.read(indices, 0, indices.length);
      write(width, height, batch, palette, sink, new FrameRows(indices));
    } else {
      byte[] row = new byte[frameWidth];
      write(width, height, batch, palette, sink, new FrameRows(row, codes));
    }
  }

  private void enter(int width, int height, int batch, boolean interlaced) {
    long screen = (long) width * height;
    long frame = (long) frameWidth * frameHeight;
    DecodeGate gate = source.gate();
    gate.checkCarried(frame, (long) GifCodes.MOST_PIXELS_OF_A_BYTE * (source.length() - at), "pixels of a frame");
    gate.checkCarried(screen, Math.max(FREE_SCREEN_PIXELS, SCREEN_RATIO * frame), "pixels of screen");
    long rows = (long) batch * width * RgbImage.CHANNELS;
    gate.enter(rows + (interlaced ? frame : frameWidth) + GifCodes.HEAP_BYTES, 0, frame * FRAME_NANOS + screen * SCREEN_NANOS);
  }

  /** The indices of the frame, row after row from the top. */
  private final class FrameRows {
    final byte[] indices;
    private final GifCodes codes;

    /** Of an interlaced frame, whose rows have all been read. */
    FrameRows(byte[] indices) {
      this(indices, null);
    }

    /** Of a frame whose rows come in their order. */
    FrameRows(byte[] row, GifCodes codes) {
      this.indices = row;
      this.codes = codes;
    }

    /** Where row {@code row} begins among the indices. */
    int begin(int row) {
      if (codes != null) {
        codes.read(indices, 0, frameWidth);
        return 0;
      }
      int before = 0;
      for (int[] pass : INTERLACED) {
        if (row % pass[1] == pass[0]) {
          return (before + row / pass[1]) * frameWidth;
        }
        before += Math.ceilDiv(Math.max(0, frameHeight - pass[0]), pass[1]);
      }
      throw new IllegalStateException("no pass has row " + row);
    }
  }

  private void write(int width, int height, int batch, byte[] palette, RowSink sink, FrameRows frame) {
    byte[] pixels = output.atLeast(Math.toIntExact((long) batch * width * RgbImage.CHANNELS));
    MemorySegment rows = MemorySegment.ofArray(pixels);
    int open = Math.max(transparent, 0) * RgbImage.CHANNELS;
    for (int top = 0; top < height; top += batch) {
      source.gate().check();
      int count = Math.min(batch, height - top);
      for (int row = top; row < top + count; row++) {
        int begin = (row - top) * width * RgbImage.CHANNELS;
        boolean inFrame = row >= y && row < y + frameHeight;
        int frameBegin = begin + (inFrame ? x : width) * RgbImage.CHANNELS;
        int end = begin + width * RgbImage.CHANNELS;
        int to = begin;
        to = fill(pixels, to, frameBegin, palette, open);
        if (inFrame) {
          int from = frame.begin(row - y);
          for (int column = 0; column < frameWidth; column++, to += RgbImage.CHANNELS) {
            int colour = (frame.indices[from + column] & 0xff) * RgbImage.CHANNELS;
            pixels[to] = palette[colour];
            pixels[to + 1] = palette[colour + 1];
            pixels[to + 2] = palette[colour + 2];
          }
        }
        fill(pixels, to, end, palette, open);
      }
      sink.rows(rows, 0, count);
    }
  }

  private static int fill(byte[] pixels, int from, int end, byte[] palette, int colour) {
    for (int to = from; to < end; to += RgbImage.CHANNELS) {
      pixels[to] = palette[colour];
      pixels[to + 1] = palette[colour + 1];
      pixels[to + 2] = palette[colour + 2];
    }
    return end;
  }

  private void takePalette(int flags, byte[] palette) {
    if ((flags & 0x80) != 0) {
      int bytes = RgbImage.CHANNELS << (flags & 7) + 1;
      source.require((long) at + bytes);
      System.arraycopy(file, at, palette, 0, bytes);
      at += bytes;
    }
  }

  /** Passes extensions, of which only the transparent colour matters, up to the first frame's descriptor. */
  private void findFrame() {
    while (true) {
      source.require((long) at + 2);
      int block = file[at++] & 0xff;
      if (block == ',') {
        source.require((long) at + DESCRIPTOR_BYTES + 1);
        return;
      }
      if (block == ';') {
        throw source.damaged("the end without a frame", "at least one frame");
      }
      if (block == '!') {
        int label = file[at++] & 0xff;
        source.require((long) at + 6);
        if (label == GRAPHIC_CONTROL && file[at] >= 4) {
          transparent = (file[at + 1] & 1) != 0 ? file[at + 4] & 0xff : -1;
        }
        for (int length = nextSubBlock(); length > 0; length = nextSubBlock()) {
          at += length;
        }
      }
      // Other bytes between blocks are passed over, as Pillow does.
      if (++blocks % UNCHECKED_BLOCKS == 0) {
        source.gate().check();
      }
    }
  }

  private int nextSubBlock() {
    if (++blocks % UNCHECKED_BLOCKS == 0) {
      source.gate().check();
    }
    source.require((long) at + 1);
    int length = file[at++] & 0xff;
    source.require((long) at + length);
    return length;
  }
}
