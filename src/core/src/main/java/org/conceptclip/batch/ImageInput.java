package org.conceptclip.batch;

import java.nio.file.Path;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.FileNames;

/**
 * An image of a caller: a file, a file's content, or pixels. The file or memory must not change until the request has ended. The engine
 * may still read memory of a cancelled request until the batch that it was in has ended, so such memory should be freed by the garbage
 * collector.
 */
public sealed interface ImageInput {
  /** Name of the image in messages. */
  String name();

  /**
   * A file on disk, in any format that {@link org.conceptclip.image.ImageDecoder} reads.
   *
   * @param name name of the image in messages. A service that stores uploads under paths of its own gives the client's name here
   */
  record File(Path path, String name) implements ImageInput {
    /** A file that messages call by its path. */
    public File(Path path) {
      this(path, FileNames.readable(path));
    }
  }

  /**
   * A file's content in memory.
   *
   * @param bytes the whole file
   * @param name name of the image in messages
   */
  record Encoded(byte[] bytes, String name) implements ImageInput {}

  /**
   * Pixels that are already decoded and resized. They are copied to the device from where they are.
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
