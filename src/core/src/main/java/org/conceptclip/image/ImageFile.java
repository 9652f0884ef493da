package org.conceptclip.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;

/** Reads whole files. Errors say in one line why a file cannot be read. */
final class ImageFile {
  /** The JDK keeps a buffer of the largest single read for each thread, outside of the heap. */
  private static final int LARGEST_READ_BYTES = 128 << 10;

  /** What fits an array. */
  private static final int LARGEST_FILE_BYTES = Integer.MAX_VALUE - 8;

  private static final int LONGEST_NAME = 4096;

  private ImageFile() {}

  /** Any name, for messages of one line. It is hardly cut: paths are long, and their end says most. */
  static String name(String given) {
    return OneLine.of(given, LONGEST_NAME);
  }

  /**
   * Reads a file into an array that may be used again.
   *
   * @return bytes of the file, from index 0 on
   */
  static int read(Path file, HeapScratch target) {
    String name = name(FileNames.readable(file));
    if (!Files.exists(file)) {
      boolean dangling = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
      throw unusable(name, dangling ? "link to a missing file" : "no such file");
    }
    if (!Files.isRegularFile(file)) {
      throw unusable(name, Files.isDirectory(file) ? "is a directory" : "is not a regular file");
    }
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      if (channel.size() > LARGEST_FILE_BYTES) {
        throw new BadInputException(name + ": " + channel.size() + " bytes, expected an image file below 2 GiB");
      }
      int size = (int) channel.size();
      byte[] array = target.atLeast(size);
      int at = 0;
      while (at < size) {
        int count = channel.read(ByteBuffer.wrap(array, at, Math.min(LARGEST_READ_BYTES, size - at)));
        if (count < 0) {
          // The file became shorter meanwhile. What is left decides whether it is damaged.
          break;
        }
        at += count;
      }
      return at;
    } catch (AccessDeniedException e) {
      throw new BadInputException(name + ": permission denied, expected a readable image file", e);
    } catch (IOException e) {
      throw new BadInputException(name + ": cannot be read (" + OneLine.of(e.toString()) + "), expected a readable image file", e);
    }
  }

  private static BadInputException unusable(String name, String found) {
    return new BadInputException(name + ": " + found + ", expected an image file (" + ImageFormat.NAMES + ")");
  }
}
