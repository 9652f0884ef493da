package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * JPEG through libjpeg-turbo, for files of the common kinds that are beyond reproach; {@link JpegDecoder} takes the rest.
 *
 * <p>Owns native memory. Not thread-safe.
 */
final class NativeJpeg implements AutoCloseable {
  /** Most bytes kept for the file and for the pixels each: 5.6 million pixels of colour. */
  static final long KEPT_BYTES = 16 << 20;

  /** TIFF's codes for what components mean. */
  private static final int GREY = 1;

  private static final int RGB = 2;
  private static final int YCC = 6;

  private final JpegLibrary library;
  private final Arena arena = Arena.ofShared();
  private final JpegContainer container = new JpegContainer(arena);
  private final MemorySegment name = arena.allocateFrom("jpeg");
  private final MemorySegment mode = arena.allocateFrom("r");
  private final MemorySegment options;
  private final NativeScratch file = new NativeScratch(KEPT_BYTES);
  private final NativeScratch pixels = new NativeScratch(KEPT_BYTES);

  NativeJpeg(JpegLibrary library) {
    this.library = library;
    this.options = library.options(container);
  }

  /**
   * Whether a file's kind is decoded here: grey, RGB without subsampling, and luma with chroma of lower resolution by 1, 2 or 4 along
   * each side. CMYK and other samplings are not what libtiff takes. Missing Huffman tables are refused elsewhere.
   */
  static boolean takes(JpegHeader header) {
    int[] sampling = header.sampling();
    return header.selfContained() && switch (header.colour()) {
      case GREY -> isLegal(sampling[0] >> 4) && isLegal(sampling[0] & 0xf);
      case RGB -> sampling[0] == 0x11 && sampling[1] == 0x11 && sampling[2] == 0x11;
      case YCC -> isFactor(sampling[0] >> 4) && isFactor(sampling[0] & 0xf) && sampling[1] == 0x11 && sampling[2] == 0x11;
      case CMYK, YCCK -> false;
    };
  }

  /**
   * Decodes a file of a kind that {@link #takes} accepts.
   *
   * @param source the file, its first {@code length} bytes
   * @return [height, width, 1 for grey or 3] bytes, valid until the next call; null if the library remarked anything at all
   */
  MemorySegment decode(byte[] source, int length, JpegHeader header) {
    MemorySegment input = file.atLeast(length).asSlice(0, length);
    MemorySegment.copy(source, 0, input, ValueLayout.JAVA_BYTE, 0, length);
    int components = header.colour().components;
    boolean toRgb = header.colour() == JpegHeader.Colour.YCC;
    if (components == 1) {
      // A single component has the picture's size whatever its factors, but libtiff insists on 1x1.
      input.set(ValueLayout.JAVA_BYTE, header.frame() + 11, (byte) 0x11);
    }
    int photometric = switch (header.colour()) {
      case GREY -> GREY;
      case RGB -> RGB;
      default -> YCC;
    };
    long bytes = (long) header.width() * header.height() * components;
    MemorySegment output = pixels.atLeast(bytes).asSlice(0, bytes);
    container.describe(header.width(), header.height(), components, photometric, toRgb ? header.sampling()[0] : 0, length);
    boolean decoded = library.decode(container, options, name, mode, input, toRgb, output);
    return decoded && !container.hasComplaints() ? output : null;
  }

  /** Native bytes held for files and pixels. */
  long scratchBytes() {
    return file.bytes() + pixels.bytes();
  }

  /** Ends the use for one picture: gives back what an uncommonly large one took. */
  void trim() {
    file.trim();
    pixels.trim();
  }

  @Override
  public void close() {
    file.close();
    pixels.close();
    library.release(options);
    arena.close();
  }

  /** What libjpeg admits; to be asked before the factors are overwritten. */
  private static boolean isLegal(int factor) {
    return factor >= 1 && factor <= 4;
  }

  private static boolean isFactor(int factor) {
    return factor == 1 || factor == 2 || factor == 4;
  }
}
