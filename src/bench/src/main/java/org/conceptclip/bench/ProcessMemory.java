package org.conceptclip.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Memory of this process as the kernel reports it. Linux only. */
public final class ProcessMemory {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ProcessMemory() {}

  /** Resident memory now, in bytes. */
  public static long residentBytes() {
    return bytes("VmRSS");
  }

  /** Peak of the resident memory so far, in bytes. */
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
