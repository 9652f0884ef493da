package org.conceptclip.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.conceptclip.runtime.Encoder;

/**
 * What loading a model costs.
 *
 * @param seconds from opening the files to an encoder that is ready
 * @param weightBytes that the prepared weights keep
 * @param peakBytes growth of this process's peak resident memory by loading: prepared weights, mapped pages and scratch together
 */
public record LoadMeasurement(double seconds, long weightBytes, long peakBytes) {
  private static final Path STATUS = Path.of("/proc/self/status");

  /** Loads once and closes again. Meaningful once a process: a peak does not come down. Linux only. */
  public static LoadMeasurement of(Supplier<Encoder> load) {
    long before = statusBytes("VmRSS");
    long start = System.nanoTime();
    try (Encoder encoder = load.get()) {
      double seconds = (System.nanoTime() - start) / 1e9;
      return new LoadMeasurement(seconds, encoder.weightBytes(), statusBytes("VmHWM") - before);
    }
  }

  private static long statusBytes(String field) {
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
