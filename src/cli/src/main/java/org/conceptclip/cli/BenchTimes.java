package org.conceptclip.cli;

import java.time.Duration;
import org.conceptclip.bench.throughput.Setup;

/** Durations in the options of benchmarks. */
final class BenchTimes {
  private BenchTimes() {}

  /**
   * A duration that is longer than nothing.
   *
   * @param option its name, for messages
   * @throws UsageException if the text is none
   */
  static Duration duration(String option, String text) {
    Duration duration;
    try {
      duration = Setup.duration(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException(option + ": " + e.getMessage());
    }
    if (!duration.isPositive()) {
      throw new UsageException(option + " " + text + ": expected more than 0");
    }
    return duration;
  }
}
