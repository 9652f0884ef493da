package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Precision;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.MultiplyAddPeak;
import org.conceptclip.bench.OpsBenchmark;
import org.conceptclip.bench.Rounds;
import org.conceptclip.bench.TowersBenchmark;
import org.conceptclip.bench.Workload;
import org.conceptclip.catalog.OpenModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench cpu}: both towers on the CPU, against ONNX Runtime and libtorch. */
@Command(
    name = "cpu",
    description = {
      "Measures both towers of synthetic:full on the CPU: interleaved, shuffled rounds, medians, an A/A control.",
      "Peers (ONNX Runtime, libtorch) run on the same threads in processes of their own, once bench/peers/prepare has set them up."
    },
    sortOptions = false,
    footer = {"", "Example:", "  conceptclip bench cpu --peers none --quick"})
final class BenchCpuCommand implements Callable<Integer> {
  private static final long SEED = 1;
  private static final long PAUSE_MILLIS = 300;
  private static final int WARMUPS = 2;

  private final Context context;

  @Option(names = "--precision", paramLabel = "P,...", split = ",", defaultValue = "fp32",
      converter = BackendOptions.PrecisionConverter.class,
      description = "precisions of ours to run; ratios are taken of the first (default: ${DEFAULT-VALUE})")
  private List<Precision> precisions;

  @Option(names = "--model", paramLabel = "M", defaultValue = "synthetic:full",
      description = "model (default: ${DEFAULT-VALUE}); peers have synthetic:full")
  private String model;

  @Option(names = "--rounds", paramLabel = "N", defaultValue = "9", description = "measured rounds (default: ${DEFAULT-VALUE})")
  private int rounds;

  @Option(names = "--quick", description = "three rounds of one image and of 32 texts only")
  private boolean quick;

  @Option(names = "--threads", paramLabel = "N", defaultValue = "0", description = "of every contestant (default: one a core)")
  private int threads;

  @Option(names = "--peers", paramLabel = "none|ort|torch|all", defaultValue = "all", description = "default: ${DEFAULT-VALUE}")
  private String peers;

  @Option(names = "--work", paramLabel = "DIR", description = "what bench/peers/prepare made (default: bench/work of the checkout)")
  private Path work;

  @Option(names = "--ops", description = "time each op of a block by itself instead, against the measured multiply-add peak")
  private boolean ops;

  @Mixin private BenchOutput output;

  BenchCpuCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    int used = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    if (rounds < 1 || threads < 0 || !List.of("none", "ort", "torch", "all").contains(peers)) {
      throw new UsageException("expected --rounds of 1 or more, --threads of 0 or more, --peers none, ort, torch or all");
    }
    return ops ? ops(used) : towers(used);
  }

  private int ops(int used) {
    MultiplyAddPeak peak = MultiplyAddPeak.measure(BenchPeers.checkout(), used).orElse(null);
    context.console().say(peak == null
        ? "no shares of the multiply-add peak: they need a C compiler (cc) and bench/fma-peak.c of the checkout"
        : String.format(Locale.ROOT, "multiply-add peak on %d threads: %.0f GFLOP/s in float32, %.0f in bfloat16", used,
            peak.float32Gflops(), peak.bfloat16Gflops()));
    List<Object> rows = new ArrayList<>();
    for (Precision precision : precisions) {
      try (Backend backend = open(precision, used);
          OpenModel open = OpenModel.open(model)) {
        for (OpsBenchmark.Row row : OpsBenchmark.run(backend, open.config(), peak, OpsBenchmark.Timing.DEFAULT)) {
          rows.add(new BenchTables.OpResult(backend.precision().label(), used, peak, row));
        }
      }
    }
    output.report(context.console(), rows, BenchTables::ops);
    return ExitCode.DONE;
  }

  private int towers(int used) {
    List<Workload> workloads = workloads();
    Rounds plan = new Rounds(quick ? Math.min(rounds, 3) : rounds, WARMUPS, PAUSE_MILLIS, SEED);
    try (OwnedContestants contestants = contestants(used)) {
      List<Contestant> all = contestants.all();
      TowersBenchmark benchmark = new TowersBenchmark(
          all.getFirst(), all.subList(1, all.size()), Optional::empty, used, Commit.of(BenchPeers.checkout()));
      return BenchTowers.run(context.console(), benchmark, workloads, plan, output);
    }
  }

  private List<Workload> workloads() {
    int longest;
    try (OpenModel open = OpenModel.open(model)) {
      longest = Math.min(open.config().text().contextLength(), open.config().text().maxPositions());
    }
    Workload mixed = Workload.Texts.mixed(32, longest);
    return quick
        ? List.of(new Workload.Vision(1), mixed)
        : List.of(new Workload.Vision(1), new Workload.Vision(4), mixed, new Workload.Texts(20));
  }

  /** Ours first, then its A/A twin, then ours in other precisions, then the peers. */
  private OwnedContestants contestants(int used) {
    OwnedContestants contestants = new OwnedContestants();
    try {
      for (Precision precision : precisions) {
        BenchTowers.addOurs(contestants, open(precision, used), model, "conceptclip " + precision.label());
      }
      if (!peers.equals("none")) {
        new BenchPeers(work == null ? BenchPeers.defaultWork() : work).start(peers, used, contestants::add);
      }
      return contestants;
    } catch (RuntimeException e) {
      contestants.close();
      throw e;
    }
  }

  private Backend open(Precision precision, int used) {
    return context.backends().open("cpu", BackendRequest.DEFAULT.withPrecision(precision).withThreads(used)).backend();
  }
}
