package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;

/**
 * Image files straight to the model's input in memory of the caller: decoded and squashed to U8 [size, size, 3], the same bytes as
 * {@link Preprocessor#toPixels} of what {@link ImageDecoder} returns, and the same refusals.
 *
 * <p>For threads that decode without end: one decoder a thread, whose working memory serves one file after the other.
 *
 * <p>Not thread-safe. The caller closes it; afterwards every call throws {@link IllegalStateException}.
 */
public final class PixelDecoder implements AutoCloseable {
  private final ImageDecoder decoder;
  private boolean closed;

  public PixelDecoder(DecodeLimits limits) {
    this.decoder = new ImageDecoder(limits);
  }

  /** Bytes that one picture takes: size * size * 3. */
  public static long bytes(int size) {
    if (size < 1) {
      throw new IllegalArgumentException("cannot resize to " + size + "x" + size + " pixels");
    }
    return (long) size * size * RgbImage.CHANNELS;
  }

  /**
   * Decodes a file's content.
   *
   * @param encoded the whole file; not changed
   * @param name how messages call it
   * @param size columns and rows of the result
   * @param target receives [size, size, 3] unsigned bytes from byte {@code offset} on; after an exception these bytes are undefined
   * @throws BadInputException as {@link ImageDecoder#decode(byte[], String)}
   * @throws IllegalArgumentException if the target is too small or read-only, or the size is below 1
   */
  public void decodeInto(byte[] encoded, String name, int size, MemorySegment target, long offset) {
    check(size, target, offset);
    squash(decoder.decode(encoded, name), size, target, offset);
  }

  /** Like {@link #decodeInto(byte[], String, int, MemorySegment, long)} for a file in any memory. */
  public void decodeInto(MemorySegment encoded, String name, int size, MemorySegment target, long offset) {
    check(size, target, offset);
    squash(decoder.decode(encoded.toArray(ValueLayout.JAVA_BYTE), name), size, target, offset);
  }

  /**
   * Like {@link #decodeInto(byte[], String, int, MemorySegment, long)} for a file on disk.
   *
   * @throws BadInputException as {@link ImageDecoder#decode(Path)}
   */
  public void decodeInto(Path file, int size, MemorySegment target, long offset) {
    check(size, target, offset);
    squash(decoder.decode(file), size, target, offset);
  }

  @Override
  public void close() {
    closed = true;
  }

  private void squash(RgbImage image, int size, MemorySegment target, long offset) {
    Resizer.resizeInto(image, size, size, target, offset);
  }

  private void check(int size, MemorySegment target, long offset) {
    if (closed) {
      throw new IllegalStateException("this decoder is closed");
    }
    long bytes = bytes(size);
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("target is read-only");
    }
    if (offset < 0 || bytes > target.byteSize() - offset) {
      throw new IllegalArgumentException(
          "target of " + target.byteSize() + " bytes at offset " + offset + " for a result of " + bytes + " bytes");
    }
  }
}
