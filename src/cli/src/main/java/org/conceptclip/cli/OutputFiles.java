package org.conceptclip.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.conceptclip.data.TableWriter;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.TargetFile;

/** Files that an option names for output. */
final class OutputFiles {
  private OutputFiles() {}

  /** Writes a file whole or not at all, see {@link TargetFile}. */
  static void replace(String option, Path file, byte[] content) {
    try {
      TargetFile.write(file, content);
    } catch (IOException e) {
      throw refused(option, file, e);
    }
  }

  /** Writes a table as {@link #replace} does: a row is in memory at a time. */
  static void replaceTable(String option, Path file, List<String> header, Stream<List<String>> rows) {
    try {
      TableWriter.write(file, header, rows);
    } catch (IOException e) {
      throw refused(option, file, e);
    }
  }

  /** Appends to a file, or makes it. If that fails half way, what was appended is taken away again. */
  static void append(String option, Path file, byte[] content) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
      long before = Files.isRegularFile(file) ? channel.size() : -1;
      try {
        TargetFile.writeAll(channel, ByteBuffer.wrap(content));
      } catch (IOException e) {
        if (before >= 0) {
          channel.truncate(before);
        }
        throw e;
      }
    } catch (IOException e) {
      throw refused(option, file, e);
    }
  }

  /** Makes the folder that a file is to lie in. Rejects a place that cannot be written to, before work is done for it. */
  static void requirePlace(String option, Path file) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      if (folder != null && !Files.isDirectory(folder)) {
        Files.createDirectories(folder);
      }
      if (Files.isDirectory(file)) {
        throw new FileSystemException(file.toString(), null, "is a folder");
      }
      if (!Files.isWritable(Files.exists(file) || folder == null ? file : folder)) {
        throw new AccessDeniedException(file.toString());
      }
    } catch (IOException e) {
      throw refused(option, file, e);
    }
  }

  /** Makes a folder that an option names for output. Rejects a place where its files cannot be written, before work is done for them. */
  static void requireFolder(String option, Path folder, String file) {
    try {
      if (Files.exists(folder) && !Files.isDirectory(folder)) {
        throw new FileSystemException(folder.toString(), null, "is a file");
      }
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new BadInputException(option + " " + Names.readable(folder) + ": cannot be written (" + Failures.reason(e)
          + "), expected a folder, or a name for one", e);
    }
    requirePlace(option, folder.resolve(file));
  }

  private static BadInputException refused(String option, Path file, IOException failure) {
    return new BadInputException(
        option + " " + Names.readable(file) + ": cannot be written ("
            + Failures.reason(failure) + "), expected a place to write to", failure);
  }
}
