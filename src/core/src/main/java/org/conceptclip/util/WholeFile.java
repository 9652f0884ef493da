package org.conceptclip.util;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files of a cache, written whole or not at all: under a passing name beside their place, to the disk, then renamed. No other process sees
 * half a file, nor does one after a crash of the system. A process that is killed leaves a file of a passing name, which {@link #sweep}
 * removes later.
 */
public final class WholeFile {
  /** Age at which a passing file is nobody's any more. Writing takes seconds, also on a slow disk. */
  private static final Duration ABANDONED = Duration.ofHours(1);

  /** The name tells the age: file systems differ in what they do to times, and a hard link shares those of its file. */
  private static final Pattern PASSING = Pattern.compile("passing-(\\d{1,18})-[-0-9a-f]{36}\\..*");

  private WholeFile() {}

  /** Writes a file's content. */
  @FunctionalInterface
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Writes a file in place of what has its name. Its folder exists.
   *
   * @throws IOException if the content or the file system says so; then nothing is left behind
   */
  public static void write(Path target, Content content) throws IOException {
    write(target, content, null);
  }

  /** {@link #write(Path, Content)} with the time that the file shall have, {@code null} for the present. */
  static void write(Path target, Content content, FileTime modifiedOrNull) throws IOException {
    Path passing = passing(target.getParent(), "part");
    // Not a channel: it would be closed by the interruption of the thread, which may be that of a request.
    try (FileOutputStream out = new FileOutputStream(passing.toFile())) {
      content.writeTo(out);
      if (modifiedOrNull != null) {
        Files.setLastModifiedTime(passing, modifiedOrNull);
      }
      out.getFD().sync();
      Files.move(passing, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(passing);
    }
  }

  /** A path in a folder for a file that lives for a moment. */
  static Path passing(Path folder, String ending) {
    return folder.resolve("passing-" + System.currentTimeMillis() + "-" + UUID.randomUUID() + "." + ending);
  }

  /** Whether a name is a passing one of long ago. */
  static boolean isAbandoned(String name) {
    Matcher passing = PASSING.matcher(name);
    // A time to come is one of a clock that went wrong.
    return passing.matches() && Math.abs(System.currentTimeMillis() - Long.parseLong(passing.group(1))) > ABANDONED.toMillis();
  }

  /** Deletes passing files that were left behind, as far as that is possible. */
  public static void sweep(Path folder) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        if (isAbandoned(file.getFileName().toString())) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // A file system that can only be read: nothing can be deleted there, and nothing depends on it.
    }
  }
}
