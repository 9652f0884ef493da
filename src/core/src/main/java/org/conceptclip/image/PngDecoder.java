package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.conceptclip.tensor.BadInputException;

/**
 * PNG (ISO/IEC 15948) to RGB, with the colour choices of Pillow: alpha and {@code tRNS} dropped, gamma and profiles
 * ignored, the high byte of 16-bit colours, grey of 1, 2 and 4 bits stretched to 0..255, palette indices beyond the
 * palette read as grey of that value. 16-bit grey is rejected (Pillow clips it at 255, which turns nearly every such picture white).
 *
 * <p>Stricter than Pillow in this: every chunk's CRC is checked, and image data that ends early is an error.
 *
 * <pre>
 * file  = signature[8] chunk*
 * chunk = [int32 length, big-endian][type: 4 ASCII letters][length bytes][int32 CRC-32 of type and bytes]
 * IDAT chunks joined = one zlib stream of scan lines, each [filter byte][packed samples]
 * </pre>
 */
final class PngDecoder {
  private static final int SIGNATURE_BYTES = 8;
  private static final int CHUNK_OVERHEAD_BYTES = 12;
  private static final int GREY = 0;
  private static final int COLOUR = 2;
  private static final int PALETTE = 3;
  private static final int GREY_ALPHA = 4;
  private static final int COLOUR_ALPHA = 6;

  /** Adam7: first column, first row, column step, row step of each pass. */
  private static final int[][] ADAM7 = {
    {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
  };

  private static final int[][] SEQUENTIAL = {{0, 0, 1, 1}};

  /** Most bytes that one byte of a zlib stream stands for. */
  private static final long DEFLATE_RATIO = 1032;

  /** What zlib allocates to inflate. */
  private static final int INFLATER_BYTES = 64 << 10;

  /** Estimated processor time for a byte of a row in the zlib stream, and for a pixel to be unpacked and resized. */
  private static final int RAW_NANOS = 4;

  private static final int PIXEL_NANOS = 8;

  /** Bytes of rows, or of a chunk, that are worked on without asking the gate. */
  private static final int CHECKED_BYTES = 4 << 20;

  private static final int IHDR = 'I' << 24 | 'H' << 16 | 'D' << 8 | 'R';
  private static final int PLTE = 'P' << 24 | 'L' << 16 | 'T' << 8 | 'E';
  private static final int IDAT = 'I' << 24 | 'D' << 16 | 'A' << 8 | 'T';
  private static final int IEND = 'I' << 24 | 'E' << 16 | 'N' << 8 | 'D';

  final int width;
  final int height;

  private final ImageSource source;
  private final byte[] file;
  private final ByteBuffer data;
  private final DecodeGate gate;
  private final PngWorkspace workspace;
  private final HeapScratch output;
  private final byte[] palette = greyRamp();
  private final int bits;
  private final int colourType;
  private final boolean interlaced;

  /** Where the next unread IDAT byte lies, and how many of its chunk are left. */
  private int position;

  private int chunkLeft;

  private int bytesToCheck = CHECKED_BYTES;

  /**
   * Reads and checks the header.
   *
   * @param workspace for this decoder alone until it is done
   */
  PngDecoder(ImageSource source, DecodeWorkspace workspace) {
    this.source = source;
    this.file = source.bytes();
    this.data = source.numbers(ByteOrder.BIG_ENDIAN);
    this.gate = source.gate();
    this.workspace = workspace.png();
    this.output = workspace.rows;
    if (chunkType(SIGNATURE_BYTES) != IHDR || chunkLength(SIGNATURE_BYTES) != 13) {
      throw source.damaged("first chunk is " + typeName(SIGNATURE_BYTES), "an IHDR of 13 bytes");
    }
    checkCrc(SIGNATURE_BYTES);
    int body = SIGNATURE_BYTES + 8;
    source.checkSize(data.getInt(body) & 0xffffffffL, data.getInt(body + 4) & 0xffffffffL);
    width = data.getInt(body);
    height = data.getInt(body + 4);
    bits = file[body + 8] & 0xff;
    colourType = file[body + 9] & 0xff;
    int interlace = file[body + 12] & 0xff;
    boolean known = switch (colourType) {
      case GREY -> bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16;
      case PALETTE -> bits == 1 || bits == 2 || bits == 4 || bits == 8;
      case COLOUR, GREY_ALPHA, COLOUR_ALPHA -> bits == 8 || bits == 16;
      default -> false;
    };
    if (!known || file[body + 10] != 0 || file[body + 11] != 0 || interlace > 1) {
      throw source.damaged("IHDR has colour type " + colourType + " of " + bits + " bits, compression " + file[body + 10]
          + ", filter " + file[body + 11] + ", interlace " + interlace, "a combination that PNG defines");
    }
    if (colourType == GREY && bits == 16) {
      throw new BadInputException(source.name() + ": PNG of 16-bit grey, expected 8 bits a channel (reading it as Pillow does would "
          + "clip all values above 255 to white; map the range of interest to 8 bits first)");
    }
    interlaced = interlace == 1;
  }

  /** Bytes of one pixel as decoded: 1 for grey, 3 for colour. */
  int channels() {
    return colourType == GREY || colourType == GREY_ALPHA ? 1 : RgbImage.CHANNELS;
  }

  /** Decodes the pixels, once. */
  void decode(RowSink sink) {
    int imageData = findImageData();
    long rawBytes = rawBytes();
    // Deflate's longest match stands for 258 bytes and takes 2 bits. The bytes at hand are all from the first IDAT to the end.
    gate.checkCarried(rawBytes, DEFLATE_RATIO * (source.length() - imageData), "bytes of rows");
    int batch = Math.min(height, interlaced ? height : sink.batchRows(width, channels()));
    long outputBytes = (long) batch * width * channels();
    gate.enter(outputBytes + 2 * rowBytes(width), INFLATER_BYTES, rawBytes * RAW_NANOS + (long) width * height * PIXEL_NANOS);
    enterImageChunk(imageData);
    byte[] pixels = output.atLeast(Math.toIntExact(outputBytes));
    Inflater inflater = workspace.inflater;
    inflater.reset();
    inflater.setInput(file, position, chunkLeft);
    try {
      if (interlaced) {
        for (int[] pass : ADAM7) {
          readPass(inflater, pass, pixels);
        }
        ImageDecoder.pushRows(MemorySegment.ofArray(pixels), width, height, channels(), gate, sink);
      } else {
        readSequential(inflater, pixels, batch, sink);
      }
    } catch (DataFormatException e) {
      throw new BadInputException(
          source.name() + ": damaged PNG (image data: " + e.getMessage() + "), expected a zlib stream", e);
    }
  }

  /** Bytes of a row of so many pixels with its filter's number, as it is in the zlib stream. */
  private long rowBytes(int pixels) {
    return 1 + ((long) pixels * bits * samplesPerPixel() + 7) / 8;
  }

  /** Bytes that the zlib stream must hold. */
  private long rawBytes() {
    long bytes = 0;
    for (int[] pass : interlaced ? ADAM7 : SEQUENTIAL) {
      int passWidth = (width - pass[0] + pass[2] - 1) / pass[2];
      int passHeight = (height - pass[1] + pass[3] - 1) / pass[3];
      bytes += passWidth <= 0 || passHeight <= 0 ? 0 : passHeight * rowBytes(passWidth);
    }
    return bytes;
  }

  /** 256 colours, each the grey of its index: what Pillow's palettes hold before a file fills them. */
  static byte[] greyRamp() {
    byte[] colours = new byte[256 * RgbImage.CHANNELS];
    for (int i = 0; i < colours.length; i++) {
      colours[i] = (byte) (i / RgbImage.CHANNELS);
    }
    return colours;
  }

  /** Goes to the first IDAT and takes the palette on the way. Returns where its data begin. */
  private int findImageData() {
    boolean hasPalette = colourType != PALETTE;
    int chunk = SIGNATURE_BYTES;
    for (int type = IHDR; type != IDAT; type = chunkType(chunk)) {
      if (type == IEND) {
        throw source.damaged("no image data before IEND", "an IDAT chunk");
      }
      checkCrc(chunk);
      int length = chunkLength(chunk);
      if (type == PLTE) {
        if (length == 0 || length % RgbImage.CHANNELS != 0 || length > palette.length) {
          throw source.damaged("PLTE of " + length + " bytes", "3 bytes for each of 1 to 256 colours");
        }
        System.arraycopy(file, chunk + 8, palette, 0, length);
        hasPalette = true;
      } else if (Character.isUpperCase(type >>> 24) && type != IHDR) {
        // A capital as first letter: the chunk must be understood.
        throw source.damaged("unknown critical chunk " + typeName(chunk), "IHDR, PLTE, IDAT and IEND");
      }
      chunk += CHUNK_OVERHEAD_BYTES + length;
    }
    if (!hasPalette) {
      throw source.damaged("no palette before the image data", "a PLTE chunk");
    }
    return chunk;
  }

  private void enterImageChunk(int chunk) {
    checkCrc(chunk);
    position = chunk + 8;
    chunkLeft = chunkLength(chunk);
  }

  private void readSequential(Inflater inflater, byte[] pixels, int batch, RowSink sink) throws DataFormatException {
    int step = Math.max(1, bits * samplesPerPixel() / 8);
    int rowEnd = Math.toIntExact(rowBytes(width));
    byte[] above = workspace.rowAbove.atLeast(rowEnd);
    byte[] current = workspace.row.atLeast(rowEnd);
    Arrays.fill(above, 0, rowEnd, (byte) 0);
    MemorySegment segment = MemorySegment.ofArray(pixels);
    sink.begin(width, height, channels());
    int kept = 0;
    for (int y = 0; y < height; y++) {
      readRow(inflater, current, above, rowEnd, step, y);
      writeRow(current, width, pixels, kept * width, 1);
      if (++kept == batch || y == height - 1) {
        gate.check();
        sink.rows(segment, 0, kept);
        kept = 0;
      }
      byte[] swap = above;
      above = current;
      current = swap;
    }
  }

  private void readRow(Inflater inflater, byte[] row, byte[] above, int rowEnd, int step, int y) throws DataFormatException {
    bytesToCheck -= rowEnd;
    if (bytesToCheck < 0) {
      gate.check();
      bytesToCheck = CHECKED_BYTES;
    }
    inflate(inflater, row, rowEnd, y);
    if (!PngFilters.undo(row, above, rowEnd, step)) {
      throw source.damaged("filter " + row[0] + " in row " + y, "0 to 4");
    }
  }

  private void readPass(Inflater inflater, int[] pass, byte[] pixels) throws DataFormatException {
    int passWidth = (width - pass[0] + pass[2] - 1) / pass[2];
    int passHeight = (height - pass[1] + pass[3] - 1) / pass[3];
    if (passWidth <= 0 || passHeight <= 0) {
      return;
    }
    int step = Math.max(1, bits * samplesPerPixel() / 8);
    int rowEnd = Math.toIntExact(rowBytes(passWidth));
    byte[] above = workspace.rowAbove.atLeast(rowEnd);
    byte[] current = workspace.row.atLeast(rowEnd);
    Arrays.fill(above, 0, rowEnd, (byte) 0);
    for (int row = 0; row < passHeight; row++) {
      int y = pass[1] + row * pass[3];
      readRow(inflater, current, above, rowEnd, step, y);
      writeRow(current, passWidth, pixels, y * width + pass[0], pass[2]);
      byte[] swap = above;
      above = current;
      current = swap;
    }
  }

  private int samplesPerPixel() {
    return switch (colourType) {
      case COLOUR -> 3;
      case GREY_ALPHA -> 2;
      case COLOUR_ALPHA -> 4;
      default -> 1;
    };
  }

  private void inflate(Inflater inflater, byte[] target, int end, int row) throws DataFormatException {
    int filled = 0;
    while (filled < end) {
      int count = inflater.inflate(target, filled, end - filled);
      filled += count;
      if (count > 0) {
        continue;
      }
      int next = position + chunkLeft + 4;
      if (inflater.finished() || inflater.needsDictionary() || next >= source.length() || chunkType(next) != IDAT) {
        throw source.damaged("truncated: image data ends in row " + row, height + " rows");
      }
      enterImageChunk(next);
      inflater.setInput(file, position, chunkLeft);
    }
  }

  /** Unpacks a row's {@code count} pixels, which begin at byte 1, to every {@code step}-th pixel from {@code firstPixel} on. */
  private void writeRow(byte[] row, int count, byte[] pixels, int firstPixel, int step) {
    int channels = channels();
    int sampleBytes = bits == 16 ? 2 : 1;
    int pixelBytes = samplesPerPixel() * sampleBytes;
    int to = firstPixel * channels;
    int stride = step * channels;
    if (colourType == PALETTE) {
      for (int x = 0; x < count; x++, to += stride) {
        System.arraycopy(palette, sample(row, x) * RgbImage.CHANNELS, pixels, to, RgbImage.CHANNELS);
      }
    } else if (bits < 8) {
      int scale = 255 / ((1 << bits) - 1);
      for (int x = 0; x < count; x++, to += stride) {
        pixels[to] = (byte) (sample(row, x) * scale);
      }
    } else if (step == 1 && pixelBytes == channels) {
      System.arraycopy(row, 1, pixels, to, count * channels);
    } else if (channels == 1) {
      for (int x = 0, from = 1; x < count; x++, to += stride, from += pixelBytes) {
        pixels[to] = row[from];
      }
    } else {
      for (int x = 0, from = 1; x < count; x++, to += stride, from += pixelBytes) {
        pixels[to] = row[from];
        pixels[to + 1] = row[from + sampleBytes];
        pixels[to + 2] = row[from + 2 * sampleBytes];
      }
    }
  }

  /** Sample {@code x} of a row of samples of at most 8 bits, highest bits first. */
  private int sample(byte[] row, int x) {
    int bit = x * bits;
    return row[1 + (bit >> 3)] >> (8 - bits - (bit & 7)) & ((1 << bits) - 1);
  }

  /** The length of a chunk that lies in the file as a whole. */
  private int chunkLength(int chunk) {
    source.require((long) chunk + CHUNK_OVERHEAD_BYTES);
    int length = data.getInt(chunk);
    source.require(chunk + CHUNK_OVERHEAD_BYTES + (length & 0xffffffffL));
    return length;
  }

  private int chunkType(int chunk) {
    chunkLength(chunk);
    return data.getInt(chunk + 4);
  }

  private String typeName(int chunk) {
    return new String(file, chunk + 4, 4, StandardCharsets.ISO_8859_1);
  }

  private void checkCrc(int chunk) {
    int length = chunkLength(chunk);
    CRC32 crc = workspace.crc;
    crc.reset();
    int end = chunk + 8 + length;
    for (int at = chunk + 4; at < end; at += CHECKED_BYTES) {
      gate.check();
      crc.update(file, at, Math.min(CHECKED_BYTES, end - at));
    }
    if ((int) crc.getValue() != data.getInt(chunk + 8 + length)) {
      throw source.damaged("wrong CRC of chunk " + typeName(chunk) + " at byte " + chunk, String.format("%08x", crc.getValue()));
    }
  }
}
