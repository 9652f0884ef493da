package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The three functions of libwebp's simple decoding interface that are used. Thread-safe. */
final class WebpLibrary {
  private static final class Holder {
    static final WebpLibrary INSTANCE = new WebpLibrary(CodecLibrary.get());
  }

  private final MethodHandle getInfo;
  private final MethodHandle decodeRgbInto;
  private final MethodHandle getDecoderVersion;

  private WebpLibrary(BundledLibrary library) {
    var pointer = ValueLayout.ADDRESS;
    // int WebPGetInfo(const uint8_t* data, size_t size, int* width, int* height)
    getInfo = library.bind(
        "WebPGetInfo", FunctionDescriptor.of(ValueLayout.JAVA_INT, pointer, ValueLayout.JAVA_LONG, pointer, pointer));
    // uint8_t* WebPDecodeRGBInto(const uint8_t* data, size_t size, uint8_t* out, size_t outBytes, int stride)
    decodeRgbInto = library.bind("WebPDecodeRGBInto", FunctionDescriptor.of(
        pointer, pointer, ValueLayout.JAVA_LONG, pointer, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    getDecoderVersion = library.bind("WebPGetDecoderVersion", FunctionDescriptor.of(ValueLayout.JAVA_INT));
  }

  /**
   * Binds the functions on first use.
   *
   * @throws IllegalStateException if the library cannot be used; the message says why, each time
   */
  static WebpLibrary get() {
    CodecLibrary.get();
    return Holder.INSTANCE;
  }

  /** For example {@code 1.5.0}. */
  String version() {
    try {
      int packed = (int) getDecoderVersion.invokeExact();
      return (packed >> 16) + "." + (packed >> 8 & 0xff) + "." + (packed & 0xff);
    } catch (Throwable e) {
      throw BundledLibrary.unexpected("libwebp", e);
    }
  }

  /** Width and height of a still picture, or null if its headers are damaged. */
  int[] size(MemorySegment file) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment width = arena.allocate(ValueLayout.JAVA_INT);
      MemorySegment height = arena.allocate(ValueLayout.JAVA_INT);
      int known = (int) getInfo.invokeExact(file, file.byteSize(), width, height);
      return known == 0 ? null : new int[] {width.get(ValueLayout.JAVA_INT, 0), height.get(ValueLayout.JAVA_INT, 0)};
    } catch (Throwable e) {
      throw BundledLibrary.unexpected("libwebp", e);
    }
  }

  /** Decodes a still picture into [height, width, 3] bytes of native memory. False if the file is damaged or ends early. */
  boolean decode(MemorySegment file, MemorySegment pixels, int stride) {
    try {
      MemorySegment result =
          (MemorySegment) decodeRgbInto.invokeExact(file, file.byteSize(), pixels, pixels.byteSize(), stride);
      return result.address() != 0;
    } catch (Throwable e) {
      throw BundledLibrary.unexpected("libwebp", e);
    }
  }
}
