package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.function.Supplier;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.NativeLibrary;
import org.conceptclip.util.OneLine;

/**
 * Lossy WebP (VP8, RFC 6386) through libwebp, the decoder that Pillow uses: the decoding is defined to the bit, but the upsampling of
 * chroma is not, so only the same code gives the same pixels. One call decodes a whole picture; that of a large one goes through
 * {@link LongCalls}.
 *
 * <p>Each macroblock of 16x16 pixels costs at least 3.2 bits of the first partition, because the probabilities of its modes are fixed and
 * libwebp rejects a first partition that ends early: so bytes bound the work.
 *
 * <pre>
 * picture = [bit 0: no key frame][3 bits profile][1 bit shown][19 bits size of the first partition] 9d 01 2a
 *           [14 bits width][2 bits scale][14 bits height][2 bits scale] first partition, other partitions
 * </pre>
 */
final class WebpLossy implements WebpPicture {
  private static final int HEADER_BYTES = 10;
  private static final int MACROBLOCK = 16;
  private static final int PIXELS_PER_BYTE = 640;

  /** Decoders of bits read ahead. */
  private static final int BYTES_AHEAD = 8;

  /** Estimated processor time of libwebp and of resizing: twice what a picture of zeros, and one of noise, take. */
  private static final int NANOS_PER_PIXEL = 10;

  private static final int NANOS_PER_BYTE = 40;

  /** A picture of so many pixels takes at most 70 milliseconds; decoding it in the caller's thread saves the hand-over. */
  private static final int MOST_PIXELS_IN_PLACE = 1 << 20;

  private static final int BATCH_BYTES = 1 << 18;
  private static final int COPY_BYTES = 1 << 24;

  private final ImageSource source;
  private final int begin;
  private final int bytes;
  private final int width;
  private final int height;

  WebpLossy(ImageSource source, int begin, int bytes) {
    this.source = source;
    this.begin = begin;
    this.bytes = bytes;
    if (bytes < HEADER_BYTES) {
      throw source.damaged("truncated: VP8 data of " + bytes + " bytes", "a picture");
    }
    byte[] file = source.bytes();
    int partition = (number(0) | (file[begin + 2] & 0xff) << 16) >> 5;
    boolean startCode = number(3) == 0x019d && file[begin + 5] == 0x2a;
    if ((file[begin] & 1) != 0 || !startCode || partition > bytes - HEADER_BYTES) {
      throw source.damaged("VP8 data that is no key frame, or truncated", "a key frame with its first partition");
    }
    width = number(6) & 0x3fff;
    height = number(8) & 0x3fff;
    source.checkSize(width, height);
    long blocks = (long) Math.ceilDiv(width, MACROBLOCK) * Math.ceilDiv(height, MACROBLOCK);
    source.gate().checkCarried(blocks * MACROBLOCK * MACROBLOCK, PIXELS_PER_BYTE * (partition + (long) BYTES_AHEAD), "pixels");
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public void decode(RowSink sink) {
    long pixels = (long) width * height;
    NativeLibrary library = library();
    // Some rows of luma and chroma and what filters need, for libwebp itself.
    source.gate().enter(0, pixels * RgbImage.CHANNELS + bytes + 128L * width + (1 << 20),
        NANOS_PER_PIXEL * pixels + (long) NANOS_PER_BYTE * bytes);
    Arena arena = Arena.ofShared();
    Call call;
    try {
      call = new Call(library, arena);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
    if (pixels <= MOST_PIXELS_IN_PLACE) {
      try (arena) {
        call.run();
        call.handOn(sink);
      }
      return;
    }
    Runnable giveBack = source.gate().handOver();
    LongCalls.run(call, () -> {
      arena.close();
      giveBack.run();
    }, () -> call.handOn(sink), source.gate()::check);
  }

  private int number(int at) {
    return source.bytes()[begin + at] & 0xff | (source.bytes()[begin + at + 1] & 0xff) << 8;
  }

  private NativeLibrary library() {
    try {
      return CodecLibrary.get();
    } catch (IllegalStateException e) {
      throw new BadInputException(
          source.name() + ": WebP, which cannot be read here (" + OneLine.of(e.getMessage()) + "), expected another format", e);
    }
  }

  /** The version of libwebp, for example {@code 1.5.0}. */
  private static String version(NativeLibrary library) {
    MethodHandle getVersion = library.bind("WebPGetDecoderVersion", FunctionDescriptor.of(ValueLayout.JAVA_INT));
    int packed = CodecLibrary.call(() -> (int) getVersion.invokeExact());
    return (packed >> 16) + "." + (packed >> 8 & 0xff) + "." + (packed & 0xff);
  }

  /** One decode with its native memory. */
  private final class Call implements Runnable {
    private final Supplier<String> version;
    private final MethodHandle decodeInto;
    private final Arena arena;
    private final MemorySegment input;

    /** [height, width, 3]. Allocated by {@link #run}, because clearing hundreds of megabytes takes long, too. */
    private MemorySegment pixels;

    Call(NativeLibrary library, Arena arena) {
      version = () -> version(library);
      // uint8_t* WebPDecodeRGBInto(const uint8_t* data, size_t size, uint8_t* out, size_t outBytes, int stride)
      decodeInto = library.bind("WebPDecodeRGBInto", FunctionDescriptor.of(ValueLayout.ADDRESS,
          ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
      this.arena = arena;
      input = arena.allocate(bytes);
      // A copy, because the call may outlive the array.
      for (int done = 0; done < bytes; done += COPY_BYTES) {
        source.gate().check();
        MemorySegment.copy(source.bytes(), begin + done, input, ValueLayout.JAVA_BYTE, done, Math.min(COPY_BYTES, bytes - done));
      }
    }

    @Override
    public void run() {
      pixels = arena.allocate((long) width * height * RgbImage.CHANNELS);
      MemorySegment decoded = CodecLibrary.call(() -> (MemorySegment) decodeInto.invokeExact(
          input, input.byteSize(), pixels, pixels.byteSize(), width * RgbImage.CHANNELS));
      if (decoded.address() == 0) {
        throw source.damaged("data that libwebp " + version.get() + " rejects", "a complete " + width + "x" + height + " picture");
      }
    }

    private void handOn(RowSink sink) {
      sink.begin(width, height, RgbImage.CHANNELS);
      long rowBytes = (long) width * RgbImage.CHANNELS;
      int batch = Math.clamp(BATCH_BYTES / rowBytes, 1, height);
      for (int row = 0; row < height; row += batch) {
        source.gate().check();
        sink.rows(pixels, row * rowBytes, Math.min(batch, height - row));
      }
    }
  }
}
