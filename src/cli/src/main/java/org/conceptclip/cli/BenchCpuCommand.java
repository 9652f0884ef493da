package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Precision;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.bench.Checkout;
import org.conceptclip.bench.MultiplyAddPeak;
import org.conceptclip.bench.PeerProcess;
import org.conceptclip.bench.PreparedPeers;
import org.conceptclip.bench.Rounds;
import org.conceptclip.bench.WarmUp;
import org.conceptclip.bench.Workload;
import org.conceptclip.bench.throughput.BenchPlan;
import org.conceptclip.bench.throughput.OpsSection;
import org.conceptclip.bench.throughput.Session;
import org.conceptclip.bench.throughput.Setup;
import org.conceptclip.bench.throughput.TextsSection;
import org.conceptclip.bench.throughput.TowersSection;
import org.conceptclip.bench.throughput.Workbench;
import org.conceptclip.util.Closer;
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
  private static final long PAUSE_MILLIS = 300;
  private static final WarmUp WARM_UP = new WarmUp.InRounds(2);

  private final Context context;

  @Option(names = "--precision", paramLabel = "P,...", split = ",", defaultValue = "fp32",
      converter = BackendOptions.PrecisionConverter.class,
      description = "our precisions to run; ratios are those of the first (default: ${DEFAULT-VALUE})")
  private List<Precision> precisions;

  @Option(names = "--model", paramLabel = "M", defaultValue = "synthetic:full",
      description = "model (default: ${DEFAULT-VALUE}); peers have synthetic:full")
  private String model;

  @Option(names = "--rounds", paramLabel = "N", defaultValue = "9", description = "measured rounds (default: ${DEFAULT-VALUE})")
  private int rounds;

  @Option(names = "--quick", description = "three rounds of one image and of 32 texts only; with --ops, 0.16 s per op")
  private boolean quick;

  @Option(names = "--threads", paramLabel = "N", defaultValue = "0", description = "of every contestant (default: one per core)")
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
    if (rounds < 1 || threads < 0 || !List.of("none", "ort", "torch", "all").contains(peers)) {
      throw new UsageException("expected --rounds of 1 or more, --threads of 0 or more, --peers none, ort, torch or all");
    }
    Setup setup = new Setup(model, "cpu", BackendRequest.DEFAULT.withThreads(threads), 0, BatcherOptions.DEFAULT);
    List<Setup> setups = precisions.stream().map(setup::withPrecision).toList();
    BenchPlan plan = (quick ? BenchPlan.QUICK : BenchPlan.FULL)
        .withRounds(new Rounds(quick ? Math.min(rounds, 3) : rounds, WARM_UP, PAUSE_MILLIS));
    try (Closer owner = new Closer();
        Workbench bench = new Workbench(context.backends(), context.console()::say);
        BenchOutput sink = output.begin(context.console(), 1)) {
      Session session = new Session(bench, setups.getFirst(), plan, sink);
      if (ops) {
        OpsSection.run(session, setups, peak(setup.usedThreads()));
      } else {
        List<PeerProcess> started =
            new PreparedPeers(work == null ? Checkout.work() : work).start(peers, setup.usedThreads(), owner);
        TowersSection.run(session, setups, started, workloads(setup), TowersSection.Form.LIKE_PEERS);
      }
      return sink.finish();
    }
  }

  private Optional<MultiplyAddPeak> peak(int used) {
    Optional<MultiplyAddPeak> peak = MultiplyAddPeak.measure(Checkout.root(), used);
    context.console().say(peak.map(measured -> String.format(
            Locale.ROOT, "multiply-add peak on %d threads: %.0f GFLOP/s in float32, %.0f in bfloat16", used, measured.float32Gflops(),
            measured.bfloat16Gflops()))
        .orElse("no shares of the multiply-add peak: they need a C compiler (cc) and bench/fma-peak.c of the checkout"));
    return peak;
  }

  private List<Workload> workloads(Setup setup) {
    Workload mixed = Workload.Texts.mixed(32, TextsSection.context(setup.config().text()));
    return quick
        ? List.of(new Workload.Vision(1), mixed)
        : List.of(new Workload.Vision(1), new Workload.Vision(4), mixed, new Workload.Texts(20));
  }
}
