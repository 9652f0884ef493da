package org.conceptclip.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * PNG (ISO/IEC 15948) to RGB, with the colour choices of Pillow: alpha and {@code tRNS} dropped, gamma and profiles
 * ignored, the high byte of 16-bit colours, grey of 1, 2 and 4 bits stretched to 0..255, palette indices beyond the
 * palette read as grey of that value. 16-bit grey is refused (Pillow clips it at 255, which turns nearly every such picture white).
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

  private static final int IHDR = 'I' << 24 | 'H' << 16 | 'D' << 8 | 'R';
  private static final int PLTE = 'P' << 24 | 'L' << 16 | 'T' << 8 | 'E';
  private static final int IDAT = 'I' << 24 | 'D' << 16 | 'A' << 8 | 'T';
  private static final int IEND = 'I' << 24 | 'E' << 16 | 'N' << 8 | 'D';

  private final byte[] file;
  private final int fileBytes;
  private final ByteBuffer data;
  private final String name;
  private final DecodeLimits limits;
  private final PngWorkspace workspace;
  private final byte[] palette = greyRamp();
  private boolean hasPalette;
  private int width;
  private int height;
  private int bits;
  private int colourType;
  private boolean interlaced;

  /** Where the next unread IDAT byte lies, and how many of its chunk are left. */
  private int position;

  private int chunkLeft;

  /**
   * @param file the file, its first {@code fileBytes} bytes
   * @param workspace for this decoder alone until it is done
   */
  PngDecoder(byte[] file, int fileBytes, String name, DecodeLimits limits, PngWorkspace workspace) {
    this.file = file;
    this.fileBytes = fileBytes;
    this.data = ByteBuffer.wrap(file);
    this.name = name;
    this.limits = limits;
    this.workspace = workspace;
  }

  /** Columns; known after {@link #readHeader}. */
  int width() {
    return width;
  }

  /** Rows; known after {@link #readHeader}. */
  int height() {
    return height;
  }

  /** Bytes of one pixel as decoded: 1 for grey, 3 for colour; known after {@link #readHeader}. */
  int channels() {
    return colourType == GREY || colourType == GREY_ALPHA ? 1 : RgbImage.CHANNELS;
  }

  /**
   * Decodes the pixels, once, after {@link #readHeader}.
   *
   * @param pixels receives [height, width, channels]; may be longer
   */
  void decodeInto(byte[] pixels) {
    findImageData();
    Inflater inflater = workspace.inflater();
    try {
      inflater.setInput(file, position, chunkLeft);
      for (int[] pass : interlaced ? ADAM7 : SEQUENTIAL) {
        readPass(inflater, pass, pixels);
      }
    } catch (DataFormatException e) {
      throw new BadInputException(name + ": damaged PNG (image data: " + e.getMessage() + "), expected a zlib stream", e);
    }
  }

  /** 256 colours that are grey of their index: what Pillow's palettes hold before a file fills them. */
  static byte[] greyRamp() {
    byte[] colours = new byte[256 * RgbImage.CHANNELS];
    for (int i = 0; i < colours.length; i++) {
      colours[i] = (byte) (i / RgbImage.CHANNELS);
    }
    return colours;
  }

  /**
   * Reads and checks the header.
   *
   * @return bytes that the pixels take: width * height * channels
   */
  int readHeader() {
    if (chunkLength(SIGNATURE_BYTES) != 13 || chunkType(SIGNATURE_BYTES) != IHDR) {
      throw damaged("first chunk is " + typeName(SIGNATURE_BYTES), "an IHDR of 13 bytes");
    }
    checkCrc(SIGNATURE_BYTES);
    int body = SIGNATURE_BYTES + 8;
    long announcedWidth = data.getInt(body) & 0xffffffffL;
    long announcedHeight = data.getInt(body + 4) & 0xffffffffL;
    limits.check(name, announcedWidth, announcedHeight);
    width = (int) announcedWidth;
    height = (int) announcedHeight;
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
      throw damaged("IHDR has colour type " + colourType + " of " + bits + " bits, compression " + file[body + 10]
          + ", filter " + file[body + 11] + ", interlace " + interlace, "a combination that PNG defines");
    }
    if (colourType == GREY && bits == 16) {
      throw new BadInputException(name + ": PNG of 16-bit grey, expected 8 bits a channel (reading it as Pillow does would "
          + "clip all values above 255 to white; map the range of interest to 8 bits first)");
    }
    interlaced = interlace == 1;
    position = body + 13 + 4;
    return Math.toIntExact((long) width * height * channels());
  }

  /** Goes to the first IDAT and takes the palette on the way. */
  private void findImageData() {
    int chunk = position;
    for (int type = chunkType(chunk); type != IDAT; type = chunkType(chunk)) {
      if (type == IEND) {
        throw damaged("no image data before IEND", "an IDAT chunk");
      }
      checkCrc(chunk);
      int length = chunkLength(chunk);
      if (type == PLTE) {
        if (length == 0 || length % RgbImage.CHANNELS != 0 || length > palette.length) {
          throw damaged("PLTE of " + length + " bytes", "3 bytes for each of 1 to 256 colours");
        }
        System.arraycopy(file, chunk + 8, palette, 0, length);
        hasPalette = true;
      } else if (isCritical(type) && type != IHDR) {
        throw damaged("unknown critical chunk " + typeName(chunk), "IHDR, PLTE, IDAT and IEND");
      }
      chunk += CHUNK_OVERHEAD_BYTES + length;
    }
    if (colourType == PALETTE && !hasPalette) {
      throw damaged("no palette before the image data", "a PLTE chunk");
    }
    enterImageChunk(chunk);
  }

  private void enterImageChunk(int chunk) {
    checkCrc(chunk);
    position = chunk + 8;
    chunkLeft = chunkLength(chunk);
  }

  private void readPass(Inflater inflater, int[] pass, byte[] pixels) throws DataFormatException {
    int passWidth = (width - pass[0] + pass[2] - 1) / pass[2];
    int passHeight = (height - pass[1] + pass[3] - 1) / pass[3];
    if (passWidth <= 0 || passHeight <= 0) {
      return;
    }
    int bitsPerPixel = bits * samplesPerPixel();
    int rowBytes = Math.toIntExact(((long) passWidth * bitsPerPixel + 7) / 8);
    int step = Math.max(1, bitsPerPixel / 8);
    byte[] filter = workspace.filter();
    byte[] previous = workspace.blankRow(rowBytes);
    byte[] current = workspace.row(rowBytes);
    for (int row = 0; row < passHeight; row++) {
      int y = pass[1] + row * pass[3];
      inflate(inflater, filter, y);
      inflate(inflater, current, y);
      if (!PngFilters.undo(filter[0], current, previous, step)) {
        throw damaged("filter " + filter[0] + " in row " + y, "0 to 4");
      }
      writeRow(current, passWidth, pixels, y * width + pass[0], pass[2]);
      byte[] swap = previous;
      previous = current;
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

  private void inflate(Inflater inflater, byte[] target, int row) throws DataFormatException {
    int filled = 0;
    while (filled < target.length) {
      int count = inflater.inflate(target, filled, target.length - filled);
      filled += count;
      if (count > 0) {
        continue;
      }
      if (inflater.finished() || inflater.needsDictionary()) {
        throw damaged("image data ends in row " + row, height + " rows");
      }
      int next = position + chunkLeft + 4;
      if (next >= fileBytes || chunkType(next) != IDAT) {
        throw damaged("truncated: image data ends in row " + row, height + " rows");
      }
      enterImageChunk(next);
      inflater.setInput(file, position, chunkLeft);
    }
  }

  /** Unpacks {@code count} pixels to every {@code step}-th pixel from {@code firstPixel} on. */
  private void writeRow(byte[] row, int count, byte[] pixels, int firstPixel, int step) {
    switch (colourType) {
      case GREY, GREY_ALPHA -> writeGrey(row, count, pixels, firstPixel, step);
      case PALETTE -> {
        int to = firstPixel * RgbImage.CHANNELS;
        for (int x = 0; x < count; x++, to += step * RgbImage.CHANNELS) {
          System.arraycopy(palette, sample(row, x) * RgbImage.CHANNELS, pixels, to, RgbImage.CHANNELS);
        }
      }
      default -> writeColour(row, count, pixels, firstPixel, step);
    }
  }

  private void writeGrey(byte[] row, int count, byte[] pixels, int firstPixel, int step) {
    int pixelBytes = samplesPerPixel() * (bits == 16 ? 2 : 1);
    int to = firstPixel;
    for (int x = 0; x < count; x++, to += step) {
      pixels[to] = bits < 8 ? (byte) (sample(row, x) * (255 / ((1 << bits) - 1))) : row[x * pixelBytes];
    }
  }

  private void writeColour(byte[] row, int count, byte[] pixels, int firstPixel, int step) {
    int sampleBytes = bits == 16 ? 2 : 1;
    int pixelBytes = samplesPerPixel() * sampleBytes;
    int to = firstPixel * RgbImage.CHANNELS;
    if (step == 1 && pixelBytes == RgbImage.CHANNELS) {
      System.arraycopy(row, 0, pixels, to, count * RgbImage.CHANNELS);
      return;
    }
    int from = 0;
    for (int x = 0; x < count; x++, to += step * RgbImage.CHANNELS, from += pixelBytes) {
      pixels[to] = row[from];
      pixels[to + 1] = row[from + sampleBytes];
      pixels[to + 2] = row[from + 2 * sampleBytes];
    }
  }

  /** Sample {@code x} of a row of samples of at most 8 bits, highest bits first. */
  private int sample(byte[] row, int x) {
    int bit = x * bits;
    return row[bit >> 3] >> (8 - bits - (bit & 7)) & ((1 << bits) - 1);
  }

  private int chunkLength(int chunk) {
    if (chunk > fileBytes - CHUNK_OVERHEAD_BYTES) {
      throw damaged("truncated: ends at byte " + fileBytes, "a chunk at byte " + chunk);
    }
    int length = data.getInt(chunk);
    if (length < 0 || length > fileBytes - CHUNK_OVERHEAD_BYTES - chunk) {
      throw damaged("truncated: ends at byte " + fileBytes,
          "a chunk of " + (length & 0xffffffffL) + " bytes at byte " + chunk);
    }
    return length;
  }

  private int chunkType(int chunk) {
    chunkLength(chunk);
    return data.getInt(chunk + 4);
  }

  /** Whether the first letter is a capital: the chunk must be understood. */
  private static boolean isCritical(int type) {
    return Character.isUpperCase(type >>> 24);
  }

  private String typeName(int chunk) {
    return new String(file, chunk + 4, 4, StandardCharsets.ISO_8859_1);
  }

  private void checkCrc(int chunk) {
    int length = chunkLength(chunk);
    CRC32 crc = workspace.crc();
    crc.update(file, chunk + 4, 4 + length);
    if ((int) crc.getValue() != data.getInt(chunk + 8 + length)) {
      throw damaged("wrong CRC of chunk " + typeName(chunk) + " at byte " + chunk,
          String.format("%08x", crc.getValue()));
    }
  }

  private BadInputException damaged(String found, String expected) {
    // A chunk's type may be any bytes.
    return new BadInputException(name + ": damaged PNG, found " + OneLine.of(found) + ", expected " + expected);
  }
}
