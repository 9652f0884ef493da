package org.conceptclip.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel says of this process's memory. Linux only. */
public final class ProcessMemory {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ProcessMemory() {}

  /** Pages that the process has now, in bytes. */
  public static long residentBytes() {
    return bytes("VmRSS");
  }

  /** The most that it ever had, in bytes. */
  public static long peakResidentBytes() {
    return bytes("VmHWM");
  }

  private static long bytes(String field) {
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith(field + ":")) {
          return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
        }
      }
    } catch (IOException e) {
      throw new ContestantFailedException(STATUS + ": " + e.getMessage() + "; memory is measured on Linux only", e);
    }
    throw new ContestantFailedException(STATUS + ": no " + field);
  }
}
