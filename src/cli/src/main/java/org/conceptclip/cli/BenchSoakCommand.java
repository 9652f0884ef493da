package org.conceptclip.cli;

import java.util.concurrent.Callable;
import org.conceptclip.backend.Precision;
import org.conceptclip.bench.throughput.BenchPlan;
import org.conceptclip.bench.throughput.HostileSoak;
import org.conceptclip.bench.throughput.Session;
import org.conceptclip.bench.throughput.Setup;
import org.conceptclip.bench.throughput.Soak;
import org.conceptclip.bench.throughput.Workbench;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench soak}: whether memory stays flat under mixed load. */
@Command(
    name = "soak",
    description = {
      "Drives the engine with images, texts, broken files, cancelled and expired requests for a long time, and looks at heap, native"
          + " memory and leased buffers while it is drained.",
      "Takes synthetic:tiny unless another model is named.",
      "Ends with exit code 6 unless heap and native memory stay within 2 %% and nothing is held.",
      "With --hostile: calm phases take turns with phases in which others send files that cost as much as they can. Ends with exit code 6"
          + " unless the 99th percentile of good requests stays within 3 times, resident memory within the budget, and closing within 1 s."
    },
    sortOptions = false,
    footer = {"", "Example:", "  conceptclip bench soak --minutes 10 --out soak.jsonl",
      "  conceptclip bench soak --hostile --minutes 10"})
final class BenchSoakCommand implements Callable<Integer> {
  private final Context context;

  @Mixin private BenchSetupOptions setupOptions;

  @Option(names = "--precision", paramLabel = "P", converter = BackendOptions.PrecisionConverter.class,
      description = "default: the backend's")
  private Precision precision;

  @Option(names = "--minutes", paramLabel = "N", defaultValue = "10", description = "default: ${DEFAULT-VALUE}")
  private double minutes;

  @Option(names = "--warm-up", paramLabel = "MINUTES", defaultValue = "5",
      description = "before the first sample, until code and kernels are compiled (default: ${DEFAULT-VALUE})")
  private double warmUp;

  @Option(names = "--samples", paramLabel = "N", defaultValue = "40",
      description = "of memory, after the warm-up (default: ${DEFAULT-VALUE})")
  private int samples;

  @Option(names = "--hostile", description = "good and hostile uploads; without --warm-up and --samples")
  private boolean hostile;

  @Option(names = "--phase", paramLabel = "SECONDS", defaultValue = "15",
      description = "with --hostile: mean length of a phase (default: ${DEFAULT-VALUE})")
  private double phase;

  @Mixin private BenchOutput output;

  BenchSoakCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (!(minutes > 0 && minutes <= 100_000) || !(warmUp >= 0 && warmUp <= 100_000) || samples < 4 || !(phase > 0 && phase <= 3600)) {
      throw new UsageException("expected --minutes above 0, --warm-up of 0 or more, --samples of 4 or more, and --phase of more than 0");
    }
    Setup named = setupOptions.setup(true, precision);
    // The smallest model: more requests in the same time are more that could leak.
    Setup setup = setupOptions.modelWasNamed() ? named : named.withModel("synthetic:tiny");
    try (Workbench bench = new Workbench(context.backends(), context.console()::say);
        BenchOutput sink = output.begin(context.console(), 1)) {
      Session session = new Session(bench, bench.resolve(setup), BenchPlan.QUICK, sink);
      boolean flat = hostile
          ? new HostileSoak(session, minutes, phase).run()
          : new Soak(session, warmUp, minutes, samples).run();
      int code = sink.finish();
      return flat ? code : ExitCode.REGRESSION;
    }
  }
}
