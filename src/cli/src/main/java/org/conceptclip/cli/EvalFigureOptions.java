package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.conceptclip.evaluate.BootstrapOptions;
import picocli.CommandLine.Option;

/** Options of {@code eval} about figures and their intervals. */
final class EvalFigureOptions {
  @Option(
      names = "--bootstrap",
      paramLabel = "N",
      defaultValue = "1000",
      description = "resamples of intervals; 0 for none (default: ${DEFAULT-VALUE})")
  private int resamples;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "20241", description = "seed of the resamples (default: ${DEFAULT-VALUE})")
  private long seed;

  @Option(
      names = "--min-group",
      paramLabel = "N",
      defaultValue = "30",
      description = "a group of fewer items has no interval and takes no part in a gap (default: ${DEFAULT-VALUE})")
  private int smallestGroup;

  @Option(
      names = "--compare",
      paramLabel = "DIR",
      description = "also report the differences from the run in this folder, on the same items, with paired intervals")
  private Path other;

  BootstrapOptions bootstrap() {
    if (resamples < 0 || resamples > 1_000_000) {
      throw new UsageException("--bootstrap " + resamples + ": expected 0 to 1000000");
    }
    if (smallestGroup < 1) {
      throw new UsageException("--min-group " + smallestGroup + ": expected 1 or more");
    }
    return new BootstrapOptions(resamples, seed, BootstrapOptions.DEFAULTS.level(), smallestGroup);
  }

  Optional<Path> other() {
    return Optional.ofNullable(other);
  }
}
