package org.conceptclip.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How much memory this process may use: the machine's, or its container's if that is less. Read from Linux's files; the JDK's management
 * interface knows it as well, but takes tens of milliseconds to start, and small Java runtimes lack it.
 *
 * <pre>
 * /proc/meminfo                      = "MemTotal: " [KiB] " kB" ...
 * /proc/self/cgroup                  = ([number] ":" [controllers, comma-separated; none for version 2] ":" [path] "\n")*
 * /sys/fs/cgroup[path]/memory.max    = bytes, or "max"; of version 2. The limits of a group's parents hold, too
 * /sys/fs/cgroup/memory[path]/memory.limit_in_bytes = bytes; of version 1
 * </pre>
 */
final class MachineMemory {
  private static final String TOTAL = "MemTotal:";

  private MachineMemory() {}

  /** Bytes, or -1 where nothing says so. */
  static long bytes() {
    return bytes(Path.of("/"));
  }

  /** {@link #bytes()} of a system whose files lie below a folder. */
  static long bytes(Path root) {
    long total = -1;
    for (String line : lines(root.resolve("proc/meminfo"))) {
      if (line.startsWith(TOTAL)) {
        long kibibytes = number(line.substring(TOTAL.length()).replace("kB", ""));
        total = kibibytes < 0 ? -1 : kibibytes << 10;
      }
    }
    for (String line : lines(root.resolve("proc/self/cgroup"))) {
      String[] fields = line.split(":", 3);
      if (fields.length == 3 && fields[1].isEmpty()) {
        total = least(total, root.resolve("sys/fs/cgroup"), fields[2], "memory.max");
      } else if (fields.length == 3 && List.of(fields[1].split(",")).contains("memory")) {
        total = least(total, root.resolve("sys/fs/cgroup/memory"), fields[2], "memory.limit_in_bytes");
      }
    }
    return total;
  }

  /** The least of a number of bytes and the limits of a group and its parents. */
  private static long least(long bytes, Path top, String group, String file) {
    long least = bytes;
    // Inside of a container the path may be that of the machine, of which only the top exists here.
    for (Path folder = top.resolve(group.replaceFirst("^/+", "")).normalize(); folder != null && folder.startsWith(top);
        folder = folder.getParent()) {
      for (String line : lines(folder.resolve(file))) {
        long limit = number(line);
        least = limit > 0 && (least < 0 || limit < least) ? limit : least;
      }
    }
    return least;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.isRegularFile(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      // A file that cannot be read limits nothing.
      return List.of();
    }
  }

  /** A whole number, or -1 for any other text. */
  private static long number(String text) {
    try {
      return Long.parseLong(text.strip());
    } catch (NumberFormatException e) {
      return -1;
    }
  }
}
