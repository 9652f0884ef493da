package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.conceptclip.util.Closer;

/**
 * JPEG through libjpeg-turbo, for undamaged files of the common kinds; {@link JpegDecoder} takes the rest. Owns native memory. Not
 * thread-safe.
 */
final class NativeJpeg implements AutoCloseable {
  /** Most bytes kept for the file and for the pixels each: 5.6 million pixels of colour. */
  static final long KEPT_BYTES = 16 << 20;

  private final JpegLibrary library;
  private final Closer resources = new Closer();
  private final NativeScratch file = resources.own(new NativeScratch(KEPT_BYTES));
  private final NativeScratch pixels = resources.own(new NativeScratch(KEPT_BYTES));
  private final JpegContainer container = new JpegContainer(resources.own(Arena.ofShared()));
  private final MemorySegment options;

  NativeJpeg(JpegLibrary library) {
    this.library = library;
    this.options = library.options(container);
    resources.own(options, () -> library.release(options));
  }

  /**
   * Whether a file is of a kind that libtiff takes: grey, RGB without subsampling, and luma with chroma of lower resolution by 1, 2 or
   * 4 along each side. A file without its Huffman tables is left to the JDK, which rejects it.
   */
  static boolean takes(JpegHeader header) {
    int[] sampling = header.sampling;
    return header.selfContained && switch (header.colour) {
      case GREY -> isLegal(sampling[0] >> 4) && isLegal(sampling[0] & 0xf);
      case RGB -> sampling[0] == 0x11 && sampling[1] == 0x11 && sampling[2] == 0x11;
      case YCC -> isFactor(sampling[0] >> 4) && isFactor(sampling[0] & 0xf) && sampling[1] == 0x11 && sampling[2] == 0x11;
      case CMYK, YCCK -> false;
    };
  }

  /**
   * Decodes a file of a kind that {@link #takes} accepts.
   *
   * @return [height, width, 1 for grey or 3] bytes, valid until the next call; null if the library reported any error or warning
   */
  MemorySegment decode(JpegHeader header) {
    int length = header.source.length();
    MemorySegment input = file.atLeast(length).asSlice(0, length);
    MemorySegment.copy(header.source.bytes(), 0, input, ValueLayout.JAVA_BYTE, 0, length);
    int components = header.colour.components;
    if (components == 1) {
      // A single component has the picture's size whatever its factors, but libtiff insists on 1x1.
      input.set(ValueLayout.JAVA_BYTE, header.frame + 11, (byte) 0x11);
    }
    long bytes = (long) header.width * header.height * components;
    MemorySegment output = pixels.atLeast(bytes).asSlice(0, bytes);
    container.describe(header);
    boolean decoded = library.decode(container, options, input, header.colour == JpegHeader.Colour.YCC, output);
    return decoded && !container.hasComplaints() ? output : null;
  }

  /** Native bytes held for files and pixels. */
  long scratchBytes() {
    return file.bytes() + pixels.bytes();
  }

  /** Ends the use for one picture: frees what an unusually large one took. */
  void trim() {
    file.trim();
    pixels.trim();
  }

  @Override
  public void close() {
    resources.close();
  }

  /** What libjpeg accepts. To be called before the factors are overwritten. */
  private static boolean isLegal(int factor) {
    return factor >= 1 && factor <= 4;
  }

  private static boolean isFactor(int factor) {
    return factor == 1 || factor == 2 || factor == 4;
  }
}
