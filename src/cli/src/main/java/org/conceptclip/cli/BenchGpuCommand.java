package org.conceptclip.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.bench.Checkout;
import org.conceptclip.bench.PeerProcess;
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

/** {@code bench gpu}: both towers, or single ops, on a GPU. */
@Command(
    name = "gpu",
    description = {
      "Measures both towers on a GPU from images and token ids in host memory to host features: each contestant warms up until its speed"
          + " holds still; then interleaved, shuffled rounds of single passes and of steady streams, medians, an A/A control.",
      "Peers are PyTorch eager, torch.compile, and torch.compile with CUDA graphs or with max-autotune, in processes of their own, on the"
          + " same weights in fp16 and the same bytes in pinned memory; texts padded in the form that is faster, which their rows name.",
      "With --backend emulated it exercises the same code without a GPU, as with --quick; such figures say nothing about one."
    },
    sortOptions = false,
    footer = {"", "Example:", "  conceptclip bench gpu --peers none --batches 64"})
final class BenchGpuCommand implements Callable<Integer> {
  private static final String EMULATED = "emulated";

  private final Context context;

  @Option(names = "--backend", paramLabel = "cuda|emulated", defaultValue = "cuda", description = "default: ${DEFAULT-VALUE}")
  private String backendName;

  @Option(names = "--cuda-libs", paramLabel = "DIR",
      description = "folder of CUDA's runtime and cuBLAS, where they are not found without")
  private Path cudaLibraries;

  @Option(names = "--model", paramLabel = "M", defaultValue = "synthetic:full",
      description = "model (default: ${DEFAULT-VALUE}); peers have synthetic:full")
  private String model;

  @Option(names = "--rounds", paramLabel = "N", defaultValue = "9", description = "measured rounds (default: ${DEFAULT-VALUE})")
  private int rounds;

  @Option(names = "--batches", paramLabel = "N,...", split = ",", defaultValue = "1,8,64,128",
      description = "images of a run; --ops takes the largest (default: ${DEFAULT-VALUE})")
  private List<Integer> batches;

  @Option(names = "--texts", paramLabel = "N", defaultValue = "128",
      description = "texts of a run, of 8 tokens to the context length (default: ${DEFAULT-VALUE})")
  private int texts;

  @Option(names = "--warm-up", paramLabel = "TIME", defaultValue = "10s",
      description = "longest time until a contestant has to be steady; its row says whether it was (default: ${DEFAULT-VALUE})")
  private String warmUp;

  @Option(names = "--stream", paramLabel = "TIME", defaultValue = "400ms",
      description = "length of each steady stream (default: ${DEFAULT-VALUE})")
  private String stream;

  @Option(names = "--quick", description = "the least that exercises everything: figures mean nothing")
  private boolean quick;

  @Option(names = "--peers", paramLabel = "PEER,...", split = ",", defaultValue = "all",
      description = "of torch, torch-compile, torch-graphs and torch-autotune; or none; or all, which is the first three"
          + " (default: ${DEFAULT-VALUE})")
  private List<String> peers;

  @Option(names = "--python", paramLabel = "FILE", defaultValue = "python3",
      description = "interpreter with torch, timm and transformers (default: ${DEFAULT-VALUE})")
  private String python;

  @Option(names = "--work", paramLabel = "DIR", description = "where peers' weights are written once (default: bench/work of the checkout)")
  private Path work;

  @Option(names = "--ops", description = "time two ceilings and each op of a block by itself instead, against the data sheet")
  private boolean ops;

  @Mixin private BenchOutput output;

  BenchGpuCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (rounds < 1 || texts < 1 || batches.stream().anyMatch(batch -> batch < 1)) {
      throw new UsageException("expected --rounds, --texts and --batches of 1 or more");
    }
    if (!List.of("cuda", EMULATED).contains(backendName)) {
      throw new UsageException("--backend " + backendName + ": expected cuda or emulated; bench cpu measures the CPU");
    }
    List<TorchPeers.Mode> modes = TorchPeers.Mode.of(peers);
    boolean emulated = backendName.equals(EMULATED);
    boolean least = quick || emulated;
    WarmUp warming = least ? new WarmUp.InRounds(0) : WarmUp.UntilSteady.within(BenchTimes.duration("--warm-up", warmUp));
    Duration streams = least ? Duration.ofNanos(1) : BenchTimes.duration("--stream", stream);
    // A run of single ops has one batch size; the towers' batches are those of their workloads.
    Setup setup = new Setup(model, backendName, BackendOptions.libraries(BackendRequest.DEFAULT, emulated ? null : cudaLibraries),
        ops ? Collections.max(batches) : 0, BatcherOptions.DEFAULT);
    try (Closer owner = new Closer();
        Workbench bench = new Workbench(context.backends(), context.console()::say);
        BenchOutput sink = output.begin(context.console(), 1)) {
      BenchPlan plan = BenchPlan.FULL.withTexts(texts).withDeviceOps(least ? BenchPlan.DeviceOps.LEAST : BenchPlan.FULL.deviceOps())
          .withRounds(new Rounds(rounds, warming, 0));
      Session session = new Session(bench, bench.resolve(setup), plan, sink);
      if (ops) {
        OpsSection.run(session, List.of(session.setup()), Optional.empty());
      } else {
        List<Workload> workloads = new ArrayList<>(batches.stream().map(Workload.Vision::new).toList());
        workloads.add(Workload.Texts.mixed(texts, TextsSection.context(setup.config().text())));
        List<PeerProcess> started = new TorchPeers(python, work == null ? Checkout.work() : work).start(model, modes, owner);
        TowersSection.run(session, List.of(session.setup()), started, workloads,
            new TowersSection.Form(true, Optional.of(streams)));
      }
      return sink.finish();
    }
  }
}
