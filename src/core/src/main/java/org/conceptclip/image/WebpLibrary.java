package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The three functions of libwebp's simple decoding interface that are used. To be touched only where {@link CodecLibrary} can be used. */
final class WebpLibrary {
  // int WebPGetInfo(const uint8_t* data, size_t size, int* width, int* height)
  private static final MethodHandle GET_INFO = CodecLibrary.get().bind("WebPGetInfo", FunctionDescriptor.of(
      ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
  // uint8_t* WebPDecodeRGBInto(const uint8_t* data, size_t size, uint8_t* out, size_t outBytes, int stride)
  private static final MethodHandle DECODE_RGB_INTO = CodecLibrary.get().bind("WebPDecodeRGBInto", FunctionDescriptor.of(
      ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
  private static final MethodHandle GET_DECODER_VERSION =
      CodecLibrary.get().bind("WebPGetDecoderVersion", FunctionDescriptor.of(ValueLayout.JAVA_INT));

  private WebpLibrary() {}

  /** For example {@code 1.5.0}. */
  static String version() {
    int packed = CodecLibrary.call(() -> (int) GET_DECODER_VERSION.invokeExact());
    return (packed >> 16) + "." + (packed >> 8 & 0xff) + "." + (packed & 0xff);
  }

  /** Width and height of a still picture, or null if its headers are damaged. */
  static int[] size(MemorySegment file) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment width = arena.allocate(ValueLayout.JAVA_INT);
      MemorySegment height = arena.allocate(ValueLayout.JAVA_INT);
      int known = CodecLibrary.call(() -> (int) GET_INFO.invokeExact(file, file.byteSize(), width, height));
      return known == 0 ? null : new int[] {width.get(ValueLayout.JAVA_INT, 0), height.get(ValueLayout.JAVA_INT, 0)};
    }
  }

  /** Decodes a still picture into [height, width, 3] bytes of native memory. Returns false if the file is damaged or ends early. */
  static boolean decode(MemorySegment file, MemorySegment pixels, int stride) {
    MemorySegment result = CodecLibrary.call(
        () -> (MemorySegment) DECODE_RGB_INTO.invokeExact(file, file.byteSize(), pixels, pixels.byteSize(), stride));
    return result.address() != 0;
  }
}
