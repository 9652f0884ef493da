package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * The three functions of libwebp's simple decoding interface that are used, bound when the first WebP file comes.
 *
 * <p>The native library lies in a jar made for Image I/O; its Java side is not used, since it decodes through 32-bit ARGB
 * and drags a language runtime along. The library stays loaded until the JVM ends. Thread-safe.
 */
final class WebpLibrary {
  private static final class Holder {
    static final WebpLibrary INSTANCE = new WebpLibrary();
  }

  private final MethodHandle getInfo;
  private final MethodHandle decodeRgbInto;
  private final MethodHandle getDecoderVersion;

  private WebpLibrary() {
    BundledLibrary library = load();
    // int WebPGetInfo(const uint8_t* data, size_t size, int* width, int* height)
    getInfo = library.bind("WebPGetInfo", FunctionDescriptor.of(
        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
    // uint8_t* WebPDecodeRGBInto(const uint8_t* data, size_t size, uint8_t* out, size_t outBytes, int stride)
    decodeRgbInto = library.bind("WebPDecodeRGBInto", FunctionDescriptor.of(
        ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG,
        ValueLayout.JAVA_INT));
    getDecoderVersion = library.bind("WebPGetDecoderVersion", FunctionDescriptor.of(ValueLayout.JAVA_INT));
  }

  /**
   * The library, loaded on first use.
   *
   * @throws LinkageError if there is no build for this platform or it cannot be loaded
   */
  static WebpLibrary get() {
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

  /**
   * Decodes a still picture into [height, width, 3] bytes of native memory.
   *
   * @return false if the file is damaged or ends early
   */
  boolean decode(MemorySegment file, MemorySegment pixels, int stride) {
    try {
      MemorySegment result =
          (MemorySegment) decodeRgbInto.invokeExact(file, file.byteSize(), pixels, pixels.byteSize(), stride);
      return result.address() != 0;
    } catch (Throwable e) {
      throw BundledLibrary.unexpected("libwebp", e);
    }
  }

  private static BundledLibrary load() {
    String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    String resource = switch (platform.toLowerCase(Locale.ROOT)) {
      case "linux amd64", "linux x86_64" -> "/native/Linux/x86_64/libwebp-imageio.so";
      case "linux aarch64" -> "/native/Linux/aarch64/libwebp-imageio.so";
      default -> throw new IllegalStateException("no WebP library for " + platform + ", expected Linux on amd64 or aarch64");
    };
    return new BundledLibrary(resource, "webp-imageio");
  }
}
