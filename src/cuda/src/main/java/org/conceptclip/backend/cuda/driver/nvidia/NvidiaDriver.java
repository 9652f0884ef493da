package org.conceptclip.backend.cuda.driver.nvidia;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Looks for NVIDIA's user-space driver, without anything of CUDA's: the answer on a machine without a GPU has to be quick. */
final class NvidiaDriver {
  static final String LIBRARY = "libcuda.so.1";

  private static final Path KERNEL_MODULE = Path.of("/proc/driver/nvidia/version");

  private NvidiaDriver() {}

  /** The kernel module's version line, or the library's name when that cannot be read; empty when the library does not load. */
  static Optional<String> find() {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(LIBRARY, arena);
    } catch (IllegalArgumentException e) {
      // Thrown for every library that the system's loader does not find: the usual case, and an answer rather than a fault.
      return Optional.empty();
    }
    try {
      return Optional.of(Files.readAllLines(KERNEL_MODULE).getFirst().replaceAll("\\s+", " ").strip());
    } catch (IOException e) {
      return Optional.of(LIBRARY + ", kernel module unknown");
    }
  }
}
