package org.conceptclip.weights;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.CancellationException;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Closer;
import org.conceptclip.util.OneLine;

/**
 * An open safetensors file. Opening checks every rule of the format.
 *
 * <p>Tensors are read one by one into native memory, which is freed when their loan is closed. So only tensors on loan take memory, and
 * files may be larger than 2 GB. A file that is truncated or written to while it is open gives an error from {@link #read}; it is
 * never mapped, because a mapped page that no longer exists ends the JVM when native code touches it. Thread-safe.
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final String EXPECTED = "a safetensors file";
  private static final int READ_BYTES = 1 << 20;
  private static final int ALIGNMENT = 64;

  /** Which file it was when it was opened, and in which state; {@code key} is null where the system tells none. */
  private record State(Object key, FileTime modified) {
    static State of(Path path) throws IOException {
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      return new State(attributes.fileKey(), attributes.lastModifiedTime());
    }
  }

  private final Path path;
  private final FileChannel channel;
  private final State state;
  private final long fileBytes;
  private final SafetensorsHeader header;
  private final long dataStart;

  private SafetensorsFile(Path path, FileChannel channel, State state, long fileBytes, SafetensorsHeader header, long dataStart) {
    this.path = path;
    this.channel = channel;
    this.state = state;
    this.fileBytes = fileBytes;
    this.header = header;
    this.dataStart = dataStart;
  }

  /**
   * Opens and checks a file.
   *
   * @throws BadInputException if it is missing, not readable, or breaks a rule of the format
   */
  public static SafetensorsFile open(Path path) {
    ModelFiles.requireRegular(path, EXPECTED);
    Closer opened = new Closer();
    try {
      FileChannel channel = opened.own(FileChannel.open(path, StandardOpenOption.READ));
      State state = State.of(path);
      long fileBytes = channel.size();
      byte[] head = read(channel, path, 0, (int) Math.min(fileBytes, ModelFiles.HEAD_BYTES)).array();
      // The length of a header may have the bytes by which another format is known.
      if (head.length <= SafetensorsHeader.PREFIX_BYTES || head[SafetensorsHeader.PREFIX_BYTES] != '{') {
        ModelFiles.refuseOtherContent(path, head, EXPECTED);
      }
      if (fileBytes < SafetensorsHeader.PREFIX_BYTES) {
        throw new BadInputException(
            path + ": file of " + fileBytes + " bytes, expected a safetensors file (at least "
                + SafetensorsHeader.PREFIX_BYTES + ")");
      }
      if (head[0] == '{' || head[0] == '[') {
        refuseJson(path, head);
      }
      long length = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong();
      int headerBytes = SafetensorsHeader.checkLength(path.toString(), length, fileBytes);
      long dataStart = SafetensorsHeader.PREFIX_BYTES + (long) headerBytes;
      byte[] bytes = read(channel, path, SafetensorsHeader.PREFIX_BYTES, headerBytes).array();
      SafetensorsHeader header = SafetensorsHeader.parse(path.toString(), bytes, fileBytes - dataStart);
      return new SafetensorsFile(path, channel, state, fileBytes, header, dataStart);
    } catch (IOException e) {
      opened.closeAfter(e);
      throw unreadable(path, e);
    } catch (RuntimeException | Error e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  /** A header of 123 bytes begins with a brace too, as a number; but then bytes of zero follow, which no JSON has. */
  private static void refuseJson(Path path, byte[] head) {
    for (int i = 1; i < SafetensorsHeader.PREFIX_BYTES; i++) {
      if (head[i] == 0) {
        return;
      }
    }
    throw new BadInputException(path + ": is JSON text (a server's error message, or an index), expected " + EXPECTED);
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
   * Reads a tensor into memory, where it stays until the loan is closed (by any thread). It is read-only.
   *
   * @throws IllegalArgumentException if the file has no tensor of this name
   * @throws BadInputException if the tensor is of a type that this runtime does not know, the system cannot read it, or the file has
   *     changed since it was opened
   * @throws CancellationException if the thread is interrupted, which closes the file
   */
  public TensorLoan read(String name) {
    TensorInfo info = info(name);
    if (!info.isOfKnownType()) {
      throw new BadInputException(path + ": tensor " + OneLine.quoted(name) + " has dtype " + OneLine.quoted(info.typeName())
          + ", expected one of " + Arrays.toString(DType.values()));
    }
    return TensorLoan.of(arena -> {
      MemorySegment memory = arena.allocate(info.byteSize(), ALIGNMENT);
      read(name, 0, memory);
      return HostTensor.view(info.dtype(), info.shape(), memory.asReadOnly());
    });
  }

  /**
   * Fills memory with bytes of a tensor.
   *
   * @param first offset of the first byte in the tensor
   * @throws IllegalArgumentException if the tensor does not have these bytes
   */
  void read(String name, long first, MemorySegment target) {
    TensorInfo info = info(name);
    if (first < 0 || first > info.byteSize() - target.byteSize()) {
      throw new IllegalArgumentException(
          target.byteSize() + " bytes from " + first + " on of tensor " + OneLine.quoted(name) + ", " + info);
    }
    long start = dataStart + info.begin() + first;
    try {
      long done = 0;
      while (done < target.byteSize()) {
        // In pieces: a byte buffer has at most 2 GB, and an interrupt is noticed between them.
        ByteBuffer piece = target.asSlice(done, Math.min(READ_BYTES, target.byteSize() - done)).asByteBuffer();
        int got = channel.read(piece, start + done);
        if (got < 0) {
          throw changed("ended at byte " + (start + done) + " while it was read");
        }
        done += got;
      }
      requireUnchanged();
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private TensorInfo info(String name) {
    TensorInfo info = header.tensors().get(name);
    if (info == null) {
      throw new IllegalArgumentException(path + " has no tensor " + OneLine.quoted(name));
    }
    return info;
  }

  /** A file that is replaced by renaming another one to its name is still open here as it was, so that is no change. */
  private void requireUnchanged() throws IOException {
    long bytes = channel.size();
    if (bytes != fileBytes) {
      throw changed("has " + bytes + " bytes now and had " + fileBytes + " when it was opened");
    }
    State now;
    try {
      now = State.of(path);
    } catch (NoSuchFileException e) { // deleted: the bytes stay until the channel is closed
      return;
    }
    if (Objects.equals(now.key, state.key) && !now.modified.equals(state.modified)) {
      throw changed("was written to while it was read");
    }
  }

  private BadInputException changed(String what) {
    return new BadInputException(path + ": " + what + ", expected a file that nobody changes (open it again when it is complete)");
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

  private static RuntimeException unreadable(Path path, IOException e) {
    if (e instanceof ClosedByInterruptException) {
      CancellationException interrupted = new CancellationException(path + ": reading was interrupted");
      interrupted.initCause(e);
      return interrupted;
    }
    return new BadInputException(path + ": " + ModelFiles.reason(e) + ", expected " + EXPECTED, e);
  }
}
