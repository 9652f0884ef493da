package org.conceptclip.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The first frame of a GIF (87a, 89a) to RGB. As in Pillow, the picture is the logical screen, grown where the frame
 * reaches beyond it; what the frame leaves open has the transparent colour if there is one, else colour 0; without
 * palette, and beyond the palette's end, an index is grey of that value. Image data that ends early is an error.
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
  private static final int MAX_CODE_BITS = 12;

  /** First row and row step of the four interlace passes; a sequential picture is one pass. */
  private static final int[][] INTERLACED = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};

  private static final int[][] SEQUENTIAL = {{0, 1}};

  private final ImageSource source;
  private final byte[] file;
  private final ByteBuffer data;
  private int at = HEADER_BYTES;
  private int transparent = -1;
  private int pendingBits;
  private int pendingCount;
  private int subBlockLeft;

  GifDecoder(ImageSource source) {
    this.source = source;
    this.file = source.bytes();
    this.data = source.numbers(ByteOrder.LITTLE_ENDIAN);
  }

  RgbImage decode() {
    source.require(HEADER_BYTES);
    byte[] palette = PngDecoder.greyRamp();
    takePalette(file[10], palette);
    findFrame();
    int x = data.getChar(at);
    int y = data.getChar(at + 2);
    int frameWidth = data.getChar(at + 4);
    int frameHeight = data.getChar(at + 6);
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
    byte[] indices = decodeFrame(frameWidth * frameHeight);

    byte[] pixels = new byte[width * height * RgbImage.CHANNELS];
    int open = Math.max(transparent, 0) * RgbImage.CHANNELS;
    for (int to = 0; to < pixels.length; to += RgbImage.CHANNELS) {
      System.arraycopy(palette, open, pixels, to, RgbImage.CHANNELS);
    }
    int from = 0;
    for (int[] pass : (flags & 0x40) != 0 ? INTERLACED : SEQUENTIAL) {
      for (int row = pass[0]; row < frameHeight; row += pass[1]) {
        int to = ((y + row) * width + x) * RgbImage.CHANNELS;
        for (int column = 0; column < frameWidth; column++, to += RgbImage.CHANNELS) {
          System.arraycopy(palette, (indices[from++] & 0xff) * RgbImage.CHANNELS, pixels, to, RgbImage.CHANNELS);
        }
      }
    }
    return new RgbImage(width, height, pixels);
  }

  private void takePalette(int flags, byte[] palette) {
    if ((flags & 0x80) != 0) {
      int bytes = RgbImage.CHANNELS << (flags & 7) + 1;
      source.require(at + bytes);
      System.arraycopy(file, at, palette, 0, bytes);
      at += bytes;
    }
  }

  /** Passes extensions, of which only the transparent colour matters, up to the first frame's descriptor. */
  private void findFrame() {
    while (true) {
      source.require(at + 2);
      int block = file[at++] & 0xff;
      if (block == ',') {
        source.require(at + DESCRIPTOR_BYTES + 1);
        return;
      }
      if (block == ';') {
        throw source.damaged("the end without a frame", "at least one frame");
      }
      if (block == '!') {
        int label = file[at++] & 0xff;
        source.require(at + 6);
        if (label == GRAPHIC_CONTROL && file[at] >= 4) {
          transparent = (file[at + 1] & 1) != 0 ? file[at + 4] & 0xff : -1;
        }
        for (int length = nextSubBlock(); length > 0; length = nextSubBlock()) {
          at += length;
        }
      }
      // Other bytes between blocks are passed over, as Pillow does.
    }
  }

  private int nextSubBlock() {
    source.require(at + 1);
    int length = file[at++] & 0xff;
    source.require(at + length);
    return length;
  }

  /** Undoes LZW: each code names an earlier string, or "the last string and its own first byte". */
  private byte[] decodeFrame(int count) {
    source.require(at + 1);
    int codeBits = file[at++] & 0xff;
    if (codeBits < 1 || codeBits > 8) {
      throw source.damaged("codes of " + codeBits + " bits", "1 to 8");
    }
    int clear = 1 << codeBits;
    short[] prefix = new short[1 << MAX_CODE_BITS];
    byte[] suffix = new byte[1 << MAX_CODE_BITS];
    byte[] stack = new byte[(1 << MAX_CODE_BITS) + 1];
    byte[] indices = new byte[count];
    int filled = 0;
    int next = clear + 2;
    int bits = codeBits + 1;
    int last = -1;
    int first = 0;
    while (filled < count) {
      int code = readCode(bits, filled, count);
      if (code == clear) {
        next = clear + 2;
        bits = codeBits + 1;
        last = -1;
        continue;
      }
      if (code == clear + 1) {
        throw source.damaged("truncated: an end code after " + filled + " pixels", count + " pixels");
      }
      if (code > next || code == next && last < 0 || last < 0 && code > clear) {
        throw source.damaged("LZW code " + code + " after " + filled + " pixels", "at most " + next);
      }
      int depth = 0;
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
      while (depth > 0 && filled < count) {
        indices[filled++] = stack[--depth];
      }
      if (last >= 0 && next < 1 << MAX_CODE_BITS) {
        prefix[next] = (short) last;
        suffix[next++] = (byte) first;
        if (next == 1 << bits && bits < MAX_CODE_BITS) {
          bits++;
        }
      }
      last = code;
    }
    return indices;
  }

  private int readCode(int bits, int filled, int count) {
    while (pendingCount < bits) {
      if (subBlockLeft == 0) {
        subBlockLeft = nextSubBlock();
        if (subBlockLeft == 0) {
          throw source.damaged("truncated: image data ends after " + filled + " pixels", count + " pixels");
        }
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
}
