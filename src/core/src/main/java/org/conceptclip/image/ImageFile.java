package org.conceptclip.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** Reads whole files, and says in one line why one cannot be read. */
final class ImageFile {
  /** The JDK keeps a buffer of the largest single read for each thread, outside of the heap. */
  private static final int LARGEST_READ_BYTES = 128 << 10;

  private static final int LONGEST_NAME = 4096;

  private ImageFile() {}

  /** What messages call a file. */
  static String name(Path file) {
    return name(file.toString());
  }

  /** A name that may hold anything, for messages of one line. Paths are long, and their end tells most. */
  static String name(String given) {
    return OneLine.of(given, LONGEST_NAME);
  }

  /** The content in an array of its length. */
  static byte[] readAll(Path file) {
    return read(file, bytes -> Files.readAllBytes(file));
  }

  /**
   * Reads into an array that is used again.
   *
   * @return bytes of the file, from index 0 on
   */
  static int read(Path file, HeapScratch target) {
    return read(file, size -> {
      byte[] array = target.atLeast(size);
      try (SeekableByteChannel channel = Files.newByteChannel(file)) {
        int at = 0;
        while (at < size) {
          int count = channel.read(ByteBuffer.wrap(array, at, Math.min(LARGEST_READ_BYTES, size - at)));
          if (count < 0) {
            // Became shorter meanwhile: what is there now is judged.
            break;
          }
          at += count;
        }
        return at;
      }
    });
  }

  private interface Reader<T> {
    T read(int size) throws IOException;
  }

  private static <T> T read(Path file, Reader<T> reader) {
    String name = name(file);
    if (!Files.exists(file)) {
      boolean dangling = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
      throw new BadInputException(name + (dangling ? ": link to a missing file" : ": no such file")
          + ", expected an image file (" + ImageFormat.NAMES + ")");
    }
    if (!Files.isRegularFile(file)) {
      throw new BadInputException(name + (Files.isDirectory(file) ? ": is a directory" : ": is not a regular file")
          + ", expected an image file (" + ImageFormat.NAMES + ")");
    }
    try {
      long size = Files.size(file);
      if (size > Integer.MAX_VALUE - 8) {
        throw new BadInputException(name + ": " + size + " bytes, expected an image file below 2 GiB");
      }
      return reader.read((int) size);
    } catch (AccessDeniedException e) {
      throw new BadInputException(name + ": permission denied, expected a readable image file", e);
    } catch (IOException e) {
      throw new BadInputException(name + ": cannot be read (" + e + "), expected a readable image file", e);
    }
  }
}
