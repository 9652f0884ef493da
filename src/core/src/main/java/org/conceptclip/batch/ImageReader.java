package org.conceptclip.batch;

import java.lang.foreign.MemorySegment;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.conceptclip.image.DecodeCheckpoint;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.PixelDecoder;
import org.conceptclip.util.Closer;

/** Turns callers' images into the model's pixels. Thread-safe. */
interface ImageReader extends AutoCloseable {
  /**
   * Reads, decodes and resizes.
   *
   * @param size columns and rows of the result
   * @param target receives [size, size, 3] unsigned bytes
   * @param checkpoint is asked during the work whether to go on; what it throws ends the call
   * @throws org.conceptclip.tensor.BadInputException if the image cannot be read
   */
  void read(ImageInput input, int size, MemorySegment target, DecodeCheckpoint checkpoint);

  @Override
  default void close() {}

  /** Reads image files. Has as many decoders as there were calls at once; each keeps its working memory from file to file. */
  final class OfFiles implements ImageReader {
    private final DecodeLimits limits;
    private final Deque<PixelDecoder> idle = new ConcurrentLinkedDeque<>();

    OfFiles(DecodeLimits limits) {
      this.limits = limits;
    }

    @Override
    public void read(ImageInput input, int size, MemorySegment target, DecodeCheckpoint checkpoint) {
      PixelDecoder decoder = Objects.requireNonNullElseGet(idle.poll(), () -> new PixelDecoder(limits));
      try {
        switch (input) {
          case ImageInput.File file -> decoder.decodeInto(file.path(), file.name(), size, target, 0, checkpoint);
          case ImageInput.Encoded encoded -> decoder.decodeInto(encoded.bytes(), encoded.name(), size, target, 0, checkpoint);
          case ImageInput.Pixels pixels -> throw new IllegalArgumentException("pixels need no reading");
        }
      } finally {
        keep(decoder);
      }
    }

    private void keep(PixelDecoder decoder) {
      try {
        idle.push(decoder);
      } catch (Throwable shortage) {
        // The list could not grow. The next file gets a new decoder; this one is done.
        decoder.close();
      }
    }

    @Override
    public void close() {
      Closer.closeAll(idle);
    }
  }
}
