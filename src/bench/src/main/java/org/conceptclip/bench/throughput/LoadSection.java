package org.conceptclip.bench.throughput;

import java.util.function.Supplier;
import org.conceptclip.runtime.Encoder;

/** What loading a model costs. */
public final class LoadSection {
  private LoadSection() {}

  /**
   * Loads once and closes again: seconds from opening the files to an encoder that is ready, bytes that the prepared weights keep, and
   * growth of this process's peak resident memory (prepared weights, mapped pages and scratch together). A peak does not come down, so
   * this is meaningful once in a process. Linux only.
   */
  public static BenchRow run(Subject subject, Supplier<Encoder> load) {
    long before = MemorySample.process(MemorySample.RESIDENT);
    long start = System.nanoTime();
    try (Encoder encoder = load.get()) {
      double seconds = (System.nanoTime() - start) / 1e9;
      long peak = MemorySample.process(MemorySample.PEAK_RESIDENT) - before;
      return new BenchRow.Builder(Section.LOAD, Origin.now(subject.backend()), subject, "from files to a ready encoder", "ours")
          .rounds("s", seconds).figure("weightBytes", encoder.weightBytes()).figure("peakBytes", peak)
          .figure("peakOverWeights", (double) peak / encoder.weightBytes()).build();
    }
  }
}
