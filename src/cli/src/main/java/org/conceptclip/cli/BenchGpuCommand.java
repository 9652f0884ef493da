package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.DeviceOpsBenchmark;
import org.conceptclip.bench.DeviceRoof;
import org.conceptclip.bench.Gpu;
import org.conceptclip.bench.Rounds;
import org.conceptclip.bench.TowersBenchmark;
import org.conceptclip.bench.Workload;
import org.conceptclip.catalog.OpenModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench gpu}: both towers, or single ops, on a GPU. */
@Command(
    name = "gpu",
    description = {
      "Measures both towers on a GPU from host pixels and token ids to host features: interleaved, shuffled rounds, medians, an A/A"
          + " control. Peers are PyTorch eager and torch.compile in processes of their own, on the same weights in fp16.",
      "With --backend emulated it exercises the same code without a GPU; such figures say nothing about one."
    },
    sortOptions = false,
    footer = {"", "Example:", "  conceptclip bench gpu --peers none --batches 64"})
final class BenchGpuCommand implements Callable<Integer> {
  private static final long SEED = 1;
  private static final long PAUSE_MILLIS = 50;
  private static final int WARMUPS = 3;
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
      description = "images a run; --ops takes the largest (default: ${DEFAULT-VALUE})")
  private List<Integer> batches;

  @Option(names = "--texts", paramLabel = "N", defaultValue = "128",
      description = "texts a run, of 8 tokens to the context length (default: ${DEFAULT-VALUE})")
  private int texts;

  @Option(names = "--peers", paramLabel = "none|torch|torch-compile|all", defaultValue = "all",
      description = "default: ${DEFAULT-VALUE}")
  private String peers;

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
    if (!List.of("none", "torch", "torch-compile", "all").contains(peers)) {
      throw new UsageException("--peers " + peers + ": expected none, torch, torch-compile or all");
    }
    return ops ? ops() : towers();
  }

  private int ops() {
    Optional<Gpu> gpu = gpu().get();
    DeviceRoof roof = gpu.flatMap(found -> DeviceRoof.of(found.name())).orElse(null);
    int images = Collections.max(batches);
    DeviceOpsBenchmark.Plan plan = emulated()
        ? DeviceOpsBenchmark.Plan.onEmulator(images, texts)
        : DeviceOpsBenchmark.Plan.onDevice(images, texts);
    List<Object> rows = new ArrayList<>();
    try (Backend backend = open();
        OpenModel open = OpenModel.open(model)) {
      for (DeviceOpsBenchmark.Row row : DeviceOpsBenchmark.run(backend, open.config(), roof, plan)) {
        rows.add(new BenchTables.DeviceOpResult(
            backend.description(), gpu.orElse(null), roof, Commit.of(BenchPeers.checkout()), backend.precision().label(), row));
      }
    }
    output.report(context.console(), rows, BenchTables::deviceOps);
    return ExitCode.DONE;
  }

  private int towers() {
    List<Workload> workloads = new ArrayList<>(batches.stream().map(Workload.Vision::new).toList());
    workloads.add(Workload.Texts.mixed(texts, longestText()));
    Rounds plan = new Rounds(rounds, emulated() ? 0 : WARMUPS, PAUSE_MILLIS, SEED);
    try (OwnedContestants contestants = new OwnedContestants()) {
      // Emulated times must not be taken for a GPU's, wherever a row ends up.
      String name = emulated() ? "conceptclip on the emulator" : "conceptclip";
      BenchTowers.addOurs(contestants, open(), model, name + " fp16");
      if (!peers.equals("none")) {
        new TorchPeers(python, work == null ? BenchPeers.defaultWork() : work, context.console())
            .start(model, modes(), contestants::add);
      }
      List<Contestant> all = contestants.all();
      TowersBenchmark benchmark = new TowersBenchmark(
          all.getFirst(), all.subList(1, all.size()), gpu(), null, Commit.of(BenchPeers.checkout()));
      return BenchTowers.run(context.console(), benchmark, workloads, plan, output);
    }
  }

  private List<String> modes() {
    return switch (peers) {
      case "torch" -> List.of("eager");
      case "torch-compile" -> List.of("compile");
      default -> List.of("eager", "compile");
    };
  }

  private boolean emulated() {
    return backendName.equals(EMULATED);
  }

  /** No GPU computes on the emulator, even where one is installed. */
  private Supplier<Optional<Gpu>> gpu() {
    return emulated() ? Optional::empty : Gpu::current;
  }

  private int longestText() {
    try (OpenModel open = OpenModel.open(model)) {
      return Math.min(open.config().text().contextLength(), open.config().text().maxPositions());
    }
  }

  private Backend open() {
    BackendRequest request = BackendOptions.libraries(BackendRequest.DEFAULT, emulated() ? null : cudaLibraries);
    return context.backends().open(backendName, request.withNotices(context.console()::say)).backend();
  }
}
