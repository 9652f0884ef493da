package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.Closer;
import org.conceptclip.util.FileNames;

/**
 * Decodes image files straight to the model's input, in memory of the caller: U8 [size, size, 3], red first, the same bytes as {@link
 * Preprocessor#toPixels} makes of what {@link ImageDecoder} returns, and the same errors.
 *
 * <p>Made for threads that decode all the time: one decoder per thread, which keeps its working memory from file to file. JPEG and PNG
 * leave a few kilobytes of garbage per picture. Other formats, JPEG of four components, and JPEG about which libjpeg-turbo reports an
 * error or a warning go through {@link ImageDecoder}, which allocates a picture each time. Working memory above {@value #KEPT_BYTES}
 * bytes, which only unusually large pictures need, is freed when the call ends.
 *
 * <p>Not thread-safe, but not bound to a thread either. The caller closes it; afterwards every call throws {@link
 * IllegalStateException}.
 */
public final class PixelDecoder implements AutoCloseable {
  /** Most bytes that stay allocated for files, and for pixels, between pictures. */
  static final int KEPT_BYTES = 16 << 20;

  private final DecodeLimits limits;
  private final Closer resources = new Closer();
  private final BlockResizer resizer = new BlockResizer();
  private final HeapScratch file = new HeapScratch(KEPT_BYTES);
  private final HeapScratch pixels = new HeapScratch(KEPT_BYTES);
  private final PngWorkspace pngWorkspace = resources.own(new PngWorkspace());

  /** Null where libjpeg-turbo cannot be used, and until the first JPEG comes. */
  private NativeJpeg nativeJpeg;

  private boolean closed;

  public PixelDecoder(DecodeLimits limits) {
    this.limits = limits;
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
   * @param target receives [size, size, 3] unsigned bytes from byte {@code offset} on; undefined after an exception
   * @throws BadInputException as {@link ImageDecoder#decode(byte[], String)}
   * @throws IllegalArgumentException if the target is too small or read-only, or the size is below 1
   */
  public void decodeInto(byte[] encoded, String name, int size, MemorySegment target, long offset) {
    decodeInto(encoded, name, size, target, offset, DecodeCheckpoint.NONE);
  }

  /** Like {@link #decodeInto(byte[], String, int, MemorySegment, long)}, and passes on what the checkpoint throws. */
  public void decodeInto(byte[] encoded, String name, int size, MemorySegment target, long offset, DecodeCheckpoint checkpoint) {
    check(size, target, offset);
    decode(encoded, encoded.length, ImageFile.name(name), size, target, offset, checkpoint);
  }

  /**
   * Like {@link #decodeInto(byte[], String, int, MemorySegment, long)} for a file on disk.
   *
   * @throws BadInputException as {@link ImageDecoder#decode(Path)}
   */
  public void decodeInto(Path path, int size, MemorySegment target, long offset) {
    decodeInto(path, FileNames.readable(path), size, target, offset, DecodeCheckpoint.NONE);
  }

  /**
   * Like {@link #decodeInto(Path, int, MemorySegment, long)}, and passes on what the checkpoint throws.
   *
   * @param name how messages call the file
   */
  public void decodeInto(Path path, String name, int size, MemorySegment target, long offset, DecodeCheckpoint checkpoint) {
    check(size, target, offset);
    try {
      int length = ImageFile.read(path, file);
      decode(file.atLeast(length), length, ImageFile.name(name), size, target, offset, checkpoint);
    } finally {
      file.trim();
    }
  }

  /** Bytes of working memory for files and pixels, on the heap and outside. */
  long scratchBytes() {
    return (long) file.bytes() + pixels.bytes() + pngWorkspace.bytes() + (nativeJpeg == null ? 0 : nativeJpeg.scratchBytes());
  }

  @Override
  public void close() {
    closed = true;
    file.release();
    pixels.release();
    resources.close();
  }

  private void decode(
      byte[] bytes, int length, String name, int size, MemorySegment target, long offset, DecodeCheckpoint checkpoint) {
    try (DecodeGate gate = new DecodeGate(name, limits, checkpoint)) {
      ImageSource source = ImageSource.of(bytes, length, name, gate);
      if (!decodeInPlace(source, size, target, offset)) {
        RgbImage image = ImageDecoder.decode(source);
        resizer.resize(MemorySegment.ofArray(image.pixels()), image.width(), image.height(), RgbImage.CHANNELS, size, size, target,
            offset);
      }
    } finally {
      file.trim();
      pixels.trim();
      pngWorkspace.trim();
      if (nativeJpeg != null) {
        nativeJpeg.trim();
      }
    }
  }

  /** Decodes in kept memory. Returns false for files that {@link ImageDecoder} has to decode; it decides whether a file is damaged. */
  private boolean decodeInPlace(ImageSource source, int size, MemorySegment target, long offset) {
    try {
      return switch (source.format()) {
        case JPEG -> decodeJpeg(source, size, target, offset);
        case PNG -> decodePng(source, size, target, offset);
        default -> false;
      };
    } catch (BadInputException e) {
      throw e;
    } catch (RuntimeException e) {
      // Hostile data: ImageDecoder fails on it, too, and says how.
      return false;
    }
  }

  private boolean decodeJpeg(ImageSource source, int size, MemorySegment target, long offset) {
    JpegHeader header = new JpegHeader(source);
    if (nativeJpeg == null) {
      nativeJpeg = JpegLibrary.find().map(library -> resources.own(new NativeJpeg(library))).orElse(null);
    }
    if (nativeJpeg == null || !NativeJpeg.takes(header)) {
      return false;
    }
    MemorySegment samples = nativeJpeg.decode(header);
    if (samples != null) {
      resizer.resize(samples, header.width, header.height, header.colour.components, size, size, target, offset);
    }
    return samples != null;
  }

  private boolean decodePng(ImageSource source, int size, MemorySegment target, long offset) {
    PngDecoder png = new PngDecoder(source, pngWorkspace);
    byte[] samples = pixels.atLeast(png.bytes());
    png.decodeInto(samples);
    resizer.resize(MemorySegment.ofArray(samples), png.width, png.height, png.channels(), size, size, target, offset);
    return true;
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
