package org.conceptclip.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * A file that is read whole, and the lease of memory for its bytes. Errors say in one line why a file cannot be read, and carry no other
 * name than the caller's. Only regular files are opened: a pipe or a device could keep a reader waiting. Not thread-safe.
 */
final class ImageFile implements AutoCloseable {
  /** The JDK keeps a buffer of the largest single read for each thread, outside of the heap. */
  private static final int LARGEST_READ_BYTES = 128 << 10;

  /** What fits an array. */
  private static final int LARGEST_FILE_BYTES = Integer.MAX_VALUE - 8;

  private static final int LONGEST_NAME = 4096;

  private final Path path;
  private final String name;
  private final DecodeMemory memory;
  private final DecodeGate gate;
  private LeaseQueue.Lease lease;

  /**
   * A file to be read.
   *
   * @param name what messages call it, in one line
   * @param gate is asked during the wait for memory and between reads
   */
  ImageFile(Path path, String name, DecodeMemory memory, DecodeGate gate) {
    this.path = path;
    this.name = name;
    this.memory = memory;
    this.gate = gate;
  }

  /** Any name, for messages of one line. It is hardly cut: paths are long, and their end says most. */
  static String name(String given) {
    return OneLine.of(given, LONGEST_NAME);
  }

  /**
   * Leases memory for the file and reads it, once, into an array that may be used again.
   *
   * @return bytes of the file, from index 0 on
   */
  int read(HeapScratch target) {
    try {
      if (!Files.exists(path)) {
        boolean dangling = Files.exists(path, LinkOption.NOFOLLOW_LINKS);
        throw unusable(dangling ? "link to a missing file" : "no such file");
      }
      if (!Files.isRegularFile(path)) {
        throw unusable(Files.isDirectory(path) ? "is a directory" : "is not a regular file");
      }
      try (SeekableByteChannel channel = Files.newByteChannel(path)) {
        return read(channel, target);
      }
    } catch (AccessDeniedException e) {
      throw new BadInputException(name + ": permission denied, expected a readable image file", e);
    } catch (IOException e) {
      throw new BadInputException(name + ": cannot be read (" + reason(e) + "), expected a readable image file", e);
    }
  }

  private int read(SeekableByteChannel channel, HeapScratch target) throws IOException {
    long announced = channel.size();
    long most = Math.min(LARGEST_FILE_BYTES, memory.largestFileBytes());
    if (announced > most) {
      throw new BadInputException(name + ": file of " + announced + " bytes, expected an image file of at most " + most
          + "; raise -Xmx or the memory for decoding (--decode-memory), or use a smaller file");
    }
    lease = gate.await(() -> memory.leaseFile(announced, gate::checkCaller));
    int size = (int) announced;
    byte[] array = array(target, size);
    int at = 0;
    while (at < size) {
      gate.check();
      int count = channel.read(ByteBuffer.wrap(array, at, Math.min(LARGEST_READ_BYTES, size - at)));
      if (count < 0) {
        // The file became shorter meanwhile. What is left decides whether it is damaged.
        break;
      }
      at += count;
    }
    return at;
  }

  private byte[] array(HeapScratch target, int size) {
    try {
      return target.atLeast(size);
    } catch (OutOfMemoryError e) {
      throw new BadInputException(name + ": not enough memory for its " + size + " bytes with a heap of at most "
          + Runtime.getRuntime().maxMemory() / 1_000_000 + " MB; raise -Xmx, decode fewer pictures at once, or use a smaller file", e);
    }
  }

  /** Why a file cannot be read, without the path, which some exceptions repeat. */
  private static String reason(IOException failure) {
    String reason = failure instanceof FileSystemException file ? file.getReason() : failure.getMessage();
    return reason == null ? failure.getClass().getSimpleName() : OneLine.of(reason);
  }

  private BadInputException unusable(String found) {
    return new BadInputException(name + ": " + found + ", expected an image file (" + ImageFormat.NAMES + ")");
  }

  /** Gives the memory back, when nobody uses the bytes any more. */
  @Override
  public void close() {
    if (lease != null) {
      lease.close();
      lease = null;
    }
  }
}
