package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.NativeLibrary;
import org.conceptclip.util.OneLine;

/**
 * WebP to RGB through libwebp, the decoder that Pillow uses: lossy decoding is defined to the bit, but the upsampling of
 * its chroma is not, so only the same code gives the same pixels. Of an animation the first frame is decoded, on black.
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

  /** Where the body of an extended file's first chunk begins. */
  private static final int CANVAS = RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES;

  private static final int ANIMATION_FLAG = 2;

  private final ImageSource source;
  private final byte[] file;
  private final ByteBuffer data;

  WebpDecoder(ImageSource source) {
    this.source = source;
    this.file = source.bytes();
    this.data = source.numbers(ByteOrder.LITTLE_ENDIAN);
  }

  RgbImage decode() {
    source.require(CANVAS);
    long announced = (data.getInt(4) & 0xffffffffL) + 8;
    source.require(announced);
    if (announced < CANVAS) {
      throw source.damaged("a RIFF file of " + announced + " bytes", "a chunk in it");
    }
    boolean extended = "VP8X".equals(type(RIFF_HEADER_BYTES));
    if (extended && length(RIFF_HEADER_BYTES) < 10) {
      throw source.damaged("VP8X chunk of " + length(RIFF_HEADER_BYTES) + " bytes", "10");
    }
    boolean animated = extended && (file[CANVAS] & ANIMATION_FLAG) != 0;
    return animated ? firstFrame() : decodeStill(0, source.length());
  }

  /** Decodes a picture of {@code bytes} bytes: a whole file, or the chunks of a frame. */
  private RgbImage decodeStill(int from, int bytes) {
    NativeLibrary library = library();
    // int WebPGetInfo(const uint8_t* data, size_t size, int* width, int* height)
    MethodHandle getInfo = library.bind("WebPGetInfo", FunctionDescriptor.of(
        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
    // uint8_t* WebPDecodeRGBInto(const uint8_t* data, size_t size, uint8_t* out, size_t outBytes, int stride)
    MethodHandle decodeInto = library.bind("WebPDecodeRGBInto", FunctionDescriptor.of(ValueLayout.ADDRESS,
        ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment still = arena.allocate(bytes);
      MemorySegment.copy(file, from, still, ValueLayout.JAVA_BYTE, 0, bytes);
      MemorySegment size = arena.allocate(ValueLayout.JAVA_INT, 2);
      MemorySegment second = size.asSlice(ValueLayout.JAVA_INT.byteSize());
      int known = CodecLibrary.call(() -> (int) getInfo.invokeExact(still, still.byteSize(), size, second));
      if (known == 0) {
        throw source.damaged("an unreadable picture header", "VP8 or VP8L data");
      }
      int width = size.getAtIndex(ValueLayout.JAVA_INT, 0);
      int height = size.getAtIndex(ValueLayout.JAVA_INT, 1);
      source.checkSize(width, height);
      int stride = width * RgbImage.CHANNELS;
      MemorySegment pixels = arena.allocate((long) stride * height);
      MemorySegment decoded = CodecLibrary.call(
          () -> (MemorySegment) decodeInto.invokeExact(still, still.byteSize(), pixels, pixels.byteSize(), stride));
      if (decoded.address() == 0) {
        throw source.damaged(
            "data that libwebp " + version(library) + " rejects", "a complete " + width + "x" + height + " picture");
      }
      return new RgbImage(width, height, pixels.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  /** The version of libwebp, for example {@code 1.5.0}. */
  private static String version(NativeLibrary library) {
    MethodHandle getVersion = library.bind("WebPGetDecoderVersion", FunctionDescriptor.of(ValueLayout.JAVA_INT));
    int packed = CodecLibrary.call(() -> (int) getVersion.invokeExact());
    return (packed >> 16) + "." + (packed >> 8 & 0xff) + "." + (packed & 0xff);
  }

  private NativeLibrary library() {
    try {
      return CodecLibrary.get();
    } catch (IllegalStateException e) {
      throw new BadInputException(
          source.name() + ": WebP, which cannot be read here (" + OneLine.of(e.getMessage()) + "), expected another format", e);
    }
  }

  private RgbImage firstFrame() {
    int width = int24(CANVAS + 4) + 1;
    int height = int24(CANVAS + 7) + 1;
    source.checkSize(width, height);
    int chunk = RIFF_HEADER_BYTES;
    while (!"ANMF".equals(type(chunk))) {
      int length = length(chunk);
      chunk += CHUNK_HEADER_BYTES + length + (length & 1);
    }
    int frame = chunk + CHUNK_HEADER_BYTES;
    int length = length(chunk);
    if (length < FRAME_HEADER_BYTES + CHUNK_HEADER_BYTES) {
      throw source.damaged("frame of " + length + " bytes", "a frame header and a picture");
    }
    int x = 2 * int24(frame);
    int y = 2 * int24(frame + 3);
    // libwebp takes the chunks of alpha and picture without a file around them.
    RgbImage picture = decodeStill(frame + FRAME_HEADER_BYTES, length - FRAME_HEADER_BYTES);
    if (picture.width() != int24(frame + 6) + 1 || picture.height() != int24(frame + 9) + 1
        || x > width - picture.width() || y > height - picture.height()) {
      throw source.damaged("frame of " + picture.width() + "x" + picture.height() + " at " + x + "," + y,
          "the size that its header announces, inside " + width + "x" + height);
    }
    byte[] pixels = new byte[width * height * RgbImage.CHANNELS];
    int rowBytes = picture.width() * RgbImage.CHANNELS;
    for (int row = 0; row < picture.height(); row++) {
      System.arraycopy(picture.pixels(), row * rowBytes, pixels, ((y + row) * width + x) * RgbImage.CHANNELS, rowBytes);
    }
    return new RgbImage(width, height, pixels);
  }

  /** The length of a chunk that lies in the file as a whole. */
  private int length(int chunk) {
    source.require((long) chunk + CHUNK_HEADER_BYTES);
    int length = data.getInt(chunk + 4);
    source.require(chunk + CHUNK_HEADER_BYTES + (length & 0xffffffffL));
    return length;
  }

  private String type(int chunk) {
    length(chunk);
    return new String(file, chunk, 4, StandardCharsets.ISO_8859_1);
  }

  private int int24(int at) {
    return data.getInt(at - 1) >>> 8;
  }
}
