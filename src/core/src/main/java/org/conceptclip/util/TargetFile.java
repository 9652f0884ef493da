package org.conceptclip.util;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writes files that a user named, whole or not at all: into a temporary file beside the target, which replaces the target when it is
 * complete and on disk. What stood there before stays until then. A symbolic link keeps pointing where it did, and a file that is replaced
 * keeps its permissions.
 *
 * <p>What is no regular file (a device, a pipe, a socket, {@code /dev/stdout}) cannot be replaced, only written to; so can a writable
 * file in a folder that takes no further files.
 */
public final class TargetFile {
  /** Ending of the names of files that are being written. These are not hidden: nobody shall have to search for one after a crash. */
  public static final String PARTIAL_SUFFIX = ".partial";

  /** Threads that write into one folder may read the same time. */
  private static final AtomicLong NUMBERS = new AtomicLong();

  private TargetFile() {}

  /** Writes the content of a file. */
  public interface Content {
    /** Writes everything to the channel, which need not be able to tell its position. The caller closes it. */
    void write(WritableByteChannel channel) throws IOException;
  }

  /** Writes bytes, see {@link #write(Path, Content)}. */
  public static void write(Path target, byte[] bytes) throws IOException {
    write(target, channel -> writeAll(channel, ByteBuffer.wrap(bytes)));
  }

  /**
   * Writes a file.
   *
   * @throws IOException if it cannot be written, or {@code content} throws it; nothing is left behind unless the target is written directly
   */
  public static void write(Path target, Content content) throws IOException {
    if (Files.isDirectory(target)) {
      throw new FileSystemException(target.toString(), null, "is a folder, expected a file to write");
    }
    if (isWrittenDirectly(target)) {
      // Appending leaves alone what a shell's >> has put before.
      direct(target, content, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
      return;
    }
    boolean replaces = Files.exists(target);
    if (replaces && !Files.isWritable(target)) {
      throw new AccessDeniedException(target.toString());
    }
    Path file = replaces || Files.isSymbolicLink(target) ? destination(target) : target;
    // A name of its own: with the target's in it, it could become too long, or hold what the locale has no encoding for.
    Path temporary = file.resolveSibling(
        "conceptclip-" + ProcessHandle.current().pid() + "-" + System.nanoTime() + "-" + NUMBERS.incrementAndGet() + PARTIAL_SUFFIX);
    FileChannel opened;
    try {
      opened = FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
    } catch (AccessDeniedException e) {
      if (!replaces) {
        throw e;
      }
      direct(file, content, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
      return;
    }
    try (Closer cleanup = new Closer()) {
      cleanup.own(temporary, () -> Files.deleteIfExists(temporary));
      cleanup.own(hook(temporary));
      try (FileChannel channel = opened) {
        content.write(channel);
        // Some file systems report a full disk only now.
        channel.force(false);
      }
      if (replaces) {
        copyPermissions(file, temporary);
      }
      move(temporary, file);
    }
  }

  /** Writes the whole buffer. */
  public static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Whether a path names a stream or device, not a file that could be replaced. */
  private static boolean isWrittenDirectly(Path target) {
    Path absolute = target.toAbsolutePath().normalize();
    // /dev/stdout may lead to a regular file, which belongs to whoever opened it.
    return Files.exists(target) && (!Files.isRegularFile(target) || absolute.startsWith("/dev/fd") || absolute.startsWith("/proc")
        || absolute.equals(Path.of("/dev/stdout")) || absolute.equals(Path.of("/dev/stderr")));
  }

  /** Where a chain of symbolic links leads, also when nothing is there yet. */
  private static Path destination(Path target) throws IOException {
    if (Files.exists(target)) {
      return target.toRealPath();
    }
    Path step = target;
    for (int links = 0; Files.isSymbolicLink(step); links++) {
      if (links == 40) {
        throw new FileSystemException(target.toString(), null, "too many symbolic links");
      }
      step = step.resolveSibling(Files.readSymbolicLink(step));
    }
    return step;
  }

  private static void direct(Path target, Content content, StandardOpenOption... how) throws IOException {
    try (FileChannel channel = FileChannel.open(target, how)) {
      content.write(channel);
    }
  }

  /** Deletes the file when the JVM is told to end meanwhile; closing it takes that back. */
  private static AutoCloseable hook(Path temporary) {
    Thread delete = new Thread(() -> {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        // Nobody is left to be told, and nothing is lost but the space.
        return;
      }
    }, "conceptclip-delete");
    try {
      Runtime.getRuntime().addShutdownHook(delete);
    } catch (IllegalStateException ending) {
      return () -> { };
    }
    return () -> {
      try {
        Runtime.getRuntime().removeShutdownHook(delete);
      } catch (IllegalStateException ending) {
        // The JVM ends: the hook does its work.
        return;
      }
    };
  }

  private static void copyPermissions(Path from, Path to) throws IOException {
    PosixFileAttributeView source = Files.getFileAttributeView(from, PosixFileAttributeView.class);
    PosixFileAttributeView copy = Files.getFileAttributeView(to, PosixFileAttributeView.class);
    if (source != null && copy != null) {
      copy.setPermissions(source.readAttributes().permissions());
    }
  }

  private static void move(Path temporary, Path file) throws IOException {
    try {
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
