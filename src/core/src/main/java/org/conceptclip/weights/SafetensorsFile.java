package org.conceptclip.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.SequencedMap;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Closer;
import org.conceptclip.util.OneLine;

/**
 * An open safetensors file. Opening checks every rule of the format.
 *
 * <p>Tensors are mapped one by one, read-only, and unmapped when their loan is closed. So only tensors on loan take memory, and
 * files may be larger than 2 GB. Thread-safe. The file must not be truncated while it is open: reading a mapped page that no
 * longer exists throws {@link InternalError}.
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final int READ_BYTES = 1 << 20;

  private final Path path;
  private final FileChannel channel;
  private final SafetensorsHeader header;
  private final long dataStart;

  private SafetensorsFile(Path path, FileChannel channel, SafetensorsHeader header, long dataStart) {
    this.path = path;
    this.channel = channel;
    this.header = header;
    this.dataStart = dataStart;
  }

  /**
   * Opens and checks a file.
   *
   * @throws BadInputException if it is missing, not readable, or breaks a rule of the format
   */
  public static SafetensorsFile open(Path path) {
    if (Files.isDirectory(path)) {
      throw new BadInputException(path + ": is a folder, expected a safetensors file");
    }
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      // Opening a pipe would wait for its writer for ever.
      throw new BadInputException(path + ": is a pipe or device, expected a safetensors file");
    }
    Closer opened = new Closer();
    try {
      FileChannel channel = opened.own(FileChannel.open(path, StandardOpenOption.READ));
      long fileBytes = channel.size();
      if (fileBytes < SafetensorsHeader.PREFIX_BYTES) {
        throw new BadInputException(
            path + ": file of " + fileBytes + " bytes, expected a safetensors file (at least "
                + SafetensorsHeader.PREFIX_BYTES + ")");
      }
      long length = read(channel, path, 0, SafetensorsHeader.PREFIX_BYTES).order(ByteOrder.LITTLE_ENDIAN).getLong();
      int headerBytes = SafetensorsHeader.checkLength(path.toString(), length, fileBytes);
      long dataStart = SafetensorsHeader.PREFIX_BYTES + (long) headerBytes;
      byte[] bytes = read(channel, path, SafetensorsHeader.PREFIX_BYTES, headerBytes).array();
      SafetensorsHeader header = SafetensorsHeader.parse(path.toString(), bytes, fileBytes - dataStart);
      return new SafetensorsFile(path, channel, header, dataStart);
    } catch (IOException e) {
      opened.closeAfter(e);
      throw unreadable(path, e);
    } catch (RuntimeException | Error e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  /** The file, for messages. */
  public Path path() {
    return path;
  }

  /** Type, shape and position of every tensor, in the order of their data. */
  public SequencedMap<String, TensorInfo> tensors() {
    return header.tensors();
  }

  /** The strings under {@code __metadata__}; empty if there are none. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * Maps a tensor, read-only, until the loan is closed (by any thread).
   *
   * @throws IllegalArgumentException if the file has no tensor of this name
   * @throws BadInputException if the system cannot map it
   */
  public TensorLoan map(String name) {
    TensorInfo info = header.tensors().get(name);
    if (info == null) {
      throw new IllegalArgumentException(path + " has no tensor " + OneLine.quoted(name));
    }
    try {
      return TensorLoan.of(arena -> HostTensor.view(info.dtype(), info.shape(),
          channel.map(FileChannel.MapMode.READ_ONLY, dataStart + info.begin(), info.byteSize(), arena)));
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  /** Closes the file. Open loans stay valid until they are closed. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private static ByteBuffer read(FileChannel channel, Path path, long position, int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(count);
    while (buffer.position() < count) {
      // In pieces, because the channel keeps native memory of the size of its largest read.
      buffer.limit((int) Math.min(count, buffer.position() + (long) READ_BYTES));
      int got = channel.read(buffer, position + buffer.position());
      if (got < 0) {
        throw new BadInputException(
            path + ": ended at byte " + (position + buffer.position()) + " while being read, expected "
                + (position + count));
      }
    }
    return buffer.flip();
  }

  private static BadInputException unreadable(Path path, IOException e) {
    String why =
        switch (e) {
          case NoSuchFileException none -> "no such file";
          case AccessDeniedException denied -> "not allowed to read it";
          default -> "cannot be read: " + OneLine.of(e.getMessage());
        };
    return new BadInputException(path + ": " + why + ", expected a safetensors file", e);
  }
}
