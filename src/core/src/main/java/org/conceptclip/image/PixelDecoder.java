package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;

/**
 * Decodes image files straight to the model's input, in memory of the caller: U8 [size, size, 3], red first, the same bytes as {@link
 * Preprocessor#toPixels} makes of what {@link ImageDecoder} returns, and the same errors.
 *
 * <p>Made for threads that decode all the time: one decoder per thread, which keeps working memory from file to file: at most 4 MiB for
 * a file, the same again and 1 MiB outside of the heap for JPEG, and for rows and weights about 3 MiB, or 12 where sizes vary much; more
 * is freed when the call ends. JPEG and PNG leave a few kilobytes of garbage per picture.
 *
 * <p>Pictures are reduced while they are read, so that sequential JPEG, PNG and GIF cost a few rows whatever their size. Interlaced and
 * progressive files, four-component JPEG and the other formats need memory for the whole picture. All of it, and the bytes of a file that
 * is read here, is leased from the limits' {@link DecodeMemory} before it is allocated; a picture that does not fit the budget is rejected.
 *
 * <p>Not thread-safe, but not bound to a thread either. The caller closes it; afterwards every call throws {@link
 * IllegalStateException}.
 */
public final class PixelDecoder implements AutoCloseable {
  /** Most bytes that stay allocated for a file between pictures. */
  static final int KEPT_BYTES = 4 << 20;

  private final DecodeLimits limits;
  private final BlockResizer resizer = new BlockResizer();
  private final HeapScratch file = new HeapScratch(KEPT_BYTES);
  private final DecodeWorkspace workspace = new DecodeWorkspace();
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
    String shown = ImageFile.name(name);
    try (DecodeGate gate = new DecodeGate(shown, limits, checkpoint)) {
      decode(encoded, encoded.length, shown, size, target, offset, gate);
    }
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
    String shown = ImageFile.name(name);
    try (DecodeGate gate = new DecodeGate(shown, limits, checkpoint);
        ImageFile opened = new ImageFile(path, shown, limits.memory(), gate)) {
      try {
        int length = opened.read(file);
        decode(file.atLeast(length), length, shown, size, target, offset, gate);
      } finally {
        // Before the lease ends.
        file.trim();
      }
    }
  }

  /** Bytes of working memory for files and pixels, on the heap and outside. */
  long scratchBytes() {
    return file.bytes() + workspace.bytes() + resizer.scratchBytes();
  }

  @Override
  public void close() {
    closed = true;
    file.release();
    workspace.close();
  }

  private void decode(byte[] bytes, int length, String name, int size, MemorySegment target, long offset, DecodeGate gate) {
    resizer.to(size, size, target, offset);
    gate.leadsTo(resizer);
    try {
      ImageDecoder.decode(ImageSource.of(bytes, length, name, gate), resizer, workspace);
      resizer.finish();
    } finally {
      // Before the gate gives the lease back.
      resizer.trim();
      workspace.trim();
    }
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
