package org.conceptclip.batch;

import java.lang.foreign.MemorySegment;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.PixelDecoder;

/** Turns a caller's image into the model's pixels. Not thread-safe: each decoding thread has its own. */
interface ImageReader extends AutoCloseable {
  /**
   * Reads, decodes and resizes.
   *
   * @param size columns and rows of the result
   * @param target receives [size, size, 3] unsigned bytes
   * @throws org.conceptclip.tensor.BadInputException if the image cannot be read
   */
  void read(ImageInput input, int size, MemorySegment target);

  @Override
  void close();

  /** The reader of image files. */
  static ImageReader ofFiles(DecodeLimits limits) {
    PixelDecoder decoder = new PixelDecoder(limits);
    return new ImageReader() {
      @Override
      public void read(ImageInput input, int size, MemorySegment target) {
        switch (input) {
          case ImageInput.File file -> decoder.decodeInto(file.path(), size, target, 0);
          case ImageInput.Encoded encoded -> decoder.decodeInto(encoded.bytes(), encoded.name(), size, target, 0);
          case ImageInput.Pixels pixels -> throw new IllegalArgumentException("pixels need no reading");
        }
      }

      @Override
      public void close() {
        decoder.close();
      }
    };
  }
}
