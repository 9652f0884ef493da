package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Precision;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.bench.throughput.Setup;
import picocli.CommandLine.Option;

/** Options that say what the throughput benchmark measures. */
final class BenchSetupOptions {
  @Option(names = "--model", paramLabel = "M",
      description = "model folder or synthetic model (default: synthetic:full, with --quick synthetic:small)")
  private String model;

  @Option(names = "--backend", paramLabel = "NAME", defaultValue = "auto",
      description = "auto, cuda, cpu, reference or emulated (default: ${DEFAULT-VALUE})")
  private String backend;

  @Option(names = "--threads", paramLabel = "N", defaultValue = "0", description = "of the CPU backend (default: one per core)")
  private int threads;

  @Option(names = "--cuda-libs", paramLabel = "DIR", description = "folder of CUDA's libraries, where they are not found without")
  private Path cudaLibraries;

  @Option(names = "--batch", paramLabel = "N", defaultValue = "0",
      description = "images of a batch at most, outside of the sweep (default: what suits the backend)")
  private int batch;

  @Option(names = "--max-wait", paramLabel = "TIME", defaultValue = "2ms",
      description = "how long a request waits for others (default: ${DEFAULT-VALUE})")
  private String maxWait;

  @Option(names = "--queue-batches", paramLabel = "N", defaultValue = "1",
      description = "batches that may wait besides the one that is computed (default: ${DEFAULT-VALUE})")
  private double queueBatches;

  /** The setup that the options describe. */
  Setup setup(boolean quick, Precision precisionOrNull) {
    if (threads < 0 || batch < 0) {
      throw new UsageException("expected --threads and --batch of 0 or more");
    }
    BatcherOptions batching;
    try {
      batching = new BatcherOptions(Setup.duration(maxWait), queueBatches);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--max-wait or --queue-batches: " + e.getMessage());
    }
    BackendRequest request = BackendRequest.DEFAULT.withPrecision(Optional.ofNullable(precisionOrNull)).withThreads(threads);
    return new Setup(model != null ? model : quick ? "synthetic:small" : "synthetic:full", backend,
        BackendOptions.libraries(request, cudaLibraries), batch, batching);
  }

  boolean modelWasNamed() {
    return model != null;
  }
}
