package org.conceptclip.bench;

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
  /** Loads once and closes again. Meaningful once a process: a peak does not come down. Linux only. */
  public static LoadMeasurement of(Supplier<Encoder> load) {
    long before = ProcessMemory.residentBytes();
    long start = System.nanoTime();
    try (Encoder encoder = load.get()) {
      double seconds = (System.nanoTime() - start) / 1e9;
      return new LoadMeasurement(seconds, encoder.weightBytes(), ProcessMemory.peakResidentBytes() - before);
    }
  }
}
