package org.conceptclip.batch;

import java.nio.file.Path;
import org.conceptclip.tensor.HostTensor;

/**
 * An image as a caller has it. What it refers to must not change until the request has ended; after cancelling it, not until the engine
 * is done with the batch that it may be in: memory that the garbage collector frees, or a file, is always safe.
 */
public sealed interface ImageInput {
  /** What messages call it. */
  String name();

  /** A file on disk, in any format that {@link org.conceptclip.image.ImageDecoder} reads. */
  record File(Path path) implements ImageInput {
    @Override
    public String name() {
      return path.toString();
    }
  }

  /**
   * A file's content in memory.
   *
   * @param bytes the whole file
   * @param name what messages call it
   */
  record Encoded(byte[] bytes, String name) implements ImageInput {}

  /**
   * Pixels that were decoded and resized already; they go to the device from where they are.
   *
   * @param tensor U8 [size, size, 3], RGB, of the model's image size
   */
  record Pixels(HostTensor tensor) implements ImageInput {
    @Override
    public String name() {
      return "pixels";
    }
  }
}
