package org.conceptclip.batch;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
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
    /** Has room for all decoders, so that giving one back cannot fail for lack of memory. */
    private final ArrayList<PixelDecoder> idle = new ArrayList<>();

    private int decoders;

    OfFiles(DecodeLimits limits) {
      this.limits = limits;
    }

    @Override
    public void read(ImageInput input, int size, MemorySegment target, DecodeCheckpoint checkpoint) {
      PixelDecoder decoder = take();
      try {
        // No switch over types: one that cannot be linked for lack of memory, the first time, is lost to the process.
        if (input instanceof ImageInput.File file) {
          decoder.decodeInto(file.path(), file.name(), size, target, 0, checkpoint);
        } else if (input instanceof ImageInput.Encoded encoded) {
          decoder.decodeInto(encoded.bytes(), encoded.name(), size, target, 0, checkpoint);
        } else {
          throw new IllegalArgumentException("pixels need no reading");
        }
      } finally {
        keep(decoder);
      }
    }

    private synchronized PixelDecoder take() {
      if (!idle.isEmpty()) {
        return idle.removeLast();
      }
      idle.ensureCapacity(decoders + 1);
      PixelDecoder decoder = new PixelDecoder(limits);
      decoders++;
      return decoder;
    }

    private synchronized void keep(PixelDecoder decoder) {
      idle.add(decoder);
    }

    @Override
    public synchronized void close() {
      Closer.closeAll(idle);
    }
  }
}
