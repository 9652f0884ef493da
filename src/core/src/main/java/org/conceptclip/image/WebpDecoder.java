package org.conceptclip.image;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * WebP to RGB through libwebp, the decoder that Pillow uses: lossy decoding is defined to the bit, but the upsampling of
 * its chroma is not, so only the same code gives the same pixels. Of an animation the first frame, on black.
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
  private static final int ANIMATION_FLAG = 2;
  private static final int ALPHA_FLAG = 16;

  private final byte[] file;
  private final ByteBuffer data;
  private final String name;
  private final DecodeLimits limits;

  WebpDecoder(byte[] file, String name, DecodeLimits limits) {
    this.file = file;
    this.data = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    this.name = name;
    this.limits = limits;
  }

  RgbImage decode() {
    long announced = file.length < RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES ? 0 : (data.getInt(4) & 0xffffffffL) + 8;
    if (announced < RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES || announced > file.length) {
      throw damaged("truncated: " + file.length + " bytes, header announces " + announced, "a whole RIFF file");
    }
    boolean extended = "VP8X".equals(type(RIFF_HEADER_BYTES));
    if (extended && length(RIFF_HEADER_BYTES) < 10) {
      throw damaged("VP8X chunk of " + length(RIFF_HEADER_BYTES) + " bytes", "10");
    }
    boolean animated = extended && (file[RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES] & ANIMATION_FLAG) != 0;
    return animated ? firstFrame() : decodeStill(file);
  }

  private RgbImage decodeStill(byte[] still) {
    try (Arena arena = Arena.ofConfined()) {
      WebpLibrary library = library();
      MemorySegment source = arena.allocate(still.length);
      MemorySegment.copy(still, 0, source, ValueLayout.JAVA_BYTE, 0, still.length);
      int[] size = library.size(source);
      if (size == null) {
        throw damaged("an unreadable picture header", "VP8 or VP8L data");
      }
      limits.check(name, size[0], size[1]);
      int stride = size[0] * RgbImage.CHANNELS;
      MemorySegment pixels = arena.allocate((long) stride * size[1]);
      if (!library.decode(source, pixels, stride)) {
        throw damaged("data that libwebp " + library.version() + " refuses", "a complete " + size[0] + "x" + size[1]
            + " picture");
      }
      return new RgbImage(size[0], size[1], pixels.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  private WebpLibrary library() {
    try {
      return WebpLibrary.get();
    } catch (IllegalStateException e) {
      throw new BadInputException(
          name + ": WebP, which cannot be read here (" + OneLine.of(e.getMessage()) + "), expected another format", e);
    }
  }

  private RgbImage firstFrame() {
    int canvas = RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES;
    int width = int24(canvas + 4) + 1;
    int height = int24(canvas + 7) + 1;
    limits.check(name, width, height);
    int chunk = RIFF_HEADER_BYTES;
    while (!"ANMF".equals(type(chunk))) {
      chunk = next(chunk);
    }
    int frame = chunk + CHUNK_HEADER_BYTES;
    int length = length(chunk);
    if (length < FRAME_HEADER_BYTES + CHUNK_HEADER_BYTES) {
      throw damaged("frame of " + length + " bytes", "a frame header and a picture");
    }
    int x = 2 * int24(frame);
    int y = 2 * int24(frame + 3);
    RgbImage picture = decodeStill(standAlone(frame, length));
    if (x > width - picture.width() || y > height - picture.height()) {
      throw damaged("frame of " + picture.width() + "x" + picture.height() + " at " + x + "," + y,
          "one inside " + width + "x" + height);
    }
    if (picture.width() == width && picture.height() == height) {
      return picture;
    }
    byte[] pixels = new byte[width * height * RgbImage.CHANNELS];
    int rowBytes = picture.width() * RgbImage.CHANNELS;
    for (int row = 0; row < picture.height(); row++) {
      System.arraycopy(picture.pixels(), row * rowBytes, pixels, ((y + row) * width + x) * RgbImage.CHANNELS, rowBytes);
    }
    return new RgbImage(width, height, pixels);
  }

  /** A frame's chunks (alpha and picture) as a file of their own. */
  private byte[] standAlone(int frame, int length) {
    ByteArrayOutputStream body = new ByteArrayOutputStream(length + 32);
    byte[] extended = new byte[CHUNK_HEADER_BYTES + 10];
    ByteBuffer header = ByteBuffer.wrap(extended).order(ByteOrder.LITTLE_ENDIAN);
    header.put("VP8X".getBytes(StandardCharsets.US_ASCII)).putInt(10);
    boolean alpha = "ALPH".equals(type(frame + FRAME_HEADER_BYTES));
    header.put((byte) (alpha ? ALPHA_FLAG : 0));
    System.arraycopy(file, frame + 6, extended, CHUNK_HEADER_BYTES + 4, 6);
    body.writeBytes(extended);
    body.write(file, frame + FRAME_HEADER_BYTES, length - FRAME_HEADER_BYTES);
    ByteBuffer whole = ByteBuffer.allocate(RIFF_HEADER_BYTES + body.size()).order(ByteOrder.LITTLE_ENDIAN);
    whole.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(4 + body.size());
    whole.put("WEBP".getBytes(StandardCharsets.US_ASCII)).put(body.toByteArray());
    return whole.array();
  }

  private int next(int chunk) {
    int length = length(chunk);
    return chunk + CHUNK_HEADER_BYTES + length + (length & 1);
  }

  private int length(int chunk) {
    int length = chunk > file.length - CHUNK_HEADER_BYTES ? -1 : data.getInt(chunk + 4);
    if (length < 0 || length > file.length - CHUNK_HEADER_BYTES - chunk) {
      throw damaged("truncated: ends at byte " + file.length, "a whole chunk at byte " + chunk);
    }
    return length;
  }

  private String type(int chunk) {
    length(chunk);
    return new String(file, chunk, 4, StandardCharsets.ISO_8859_1);
  }

  private int int24(int at) {
    return file[at] & 0xff | (file[at + 1] & 0xff) << 8 | (file[at + 2] & 0xff) << 16;
  }

  private BadInputException damaged(String found, String expected) {
    return new BadInputException(name + ": damaged WebP, found " + found + ", expected " + expected);
  }
}
