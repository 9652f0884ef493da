package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Precision;
import org.conceptclip.bench.Checkout;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.ContestantFailedException;
import org.conceptclip.bench.MultiplyAddPeak;
import org.conceptclip.bench.PeerProcess;
import org.conceptclip.bench.PreparedPeers;
import org.conceptclip.bench.Rounds;
import org.conceptclip.bench.WarmUp;
import org.conceptclip.bench.throughput.AbSection;
import org.conceptclip.bench.throughput.BenchPlan;
import org.conceptclip.bench.throughput.ImagesSection;
import org.conceptclip.bench.throughput.LatencySection;
import org.conceptclip.bench.throughput.OpsSection;
import org.conceptclip.bench.throughput.QueueSection;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.Session;
import org.conceptclip.bench.throughput.Setup;
import org.conceptclip.bench.throughput.SweepSection;
import org.conceptclip.bench.throughput.TextsSection;
import org.conceptclip.bench.throughput.Workbench;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.Closer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine;

/** {@code bench}: the throughput benchmark of the engine; its subcommands measure other things. */
@Command(
    name = "bench",
    description = {
      "Measures the batching engine: images and texts per second against the bare encoder, end to end from JPEG files, latency under"
          + " open-loop load, batch sizes and precisions, what queueing costs, single ops.",
      "Rounds are interleaved, with an A/A control; bench/README.md says what each row means."
    },
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  conceptclip bench --quick --report bench.html",
      "  conceptclip bench --only latency --rates 0.5x,3x --seconds 60",
      "  conceptclip bench --only ab --ab batch=8 --ab max-wait=0ms",
      "  conceptclip bench --out now.jsonl --compare before.jsonl --fail-on-regression"
    })
final class BenchCommand implements Callable<Integer> {
  private static final String FULL = "synthetic:full";
  /** Long enough for threads of peers that spin after their work. */
  private static final long PEERS_PAUSE_MILLIS = 300;

  private final Context context;

  @Mixin private BenchSetupOptions setupOptions;

  @Mixin private BenchInputOptions inputs;

  @Option(names = "--precision", paramLabel = "P", split = ",", converter = BackendOptions.PrecisionConverter.class,
      description = "the first is measured throughout, all in the sweep and as single ops (default: the backend's)")
  private List<Precision> precisions = new ArrayList<>();

  @Option(names = "--batches", paramLabel = "N", split = ",", description = "batch sizes of the sweep (default: 1,2,4,8)")
  private List<Integer> batches = new ArrayList<>();

  @Option(names = "--latency-model", paramLabel = "M", defaultValue = "synthetic:small",
      description = "model of the latency section, which needs many requests (default: ${DEFAULT-VALUE})")
  private String latencyModel;

  @Option(names = "--rates", paramLabel = "R", split = ",",
      description = "load in requests per second, or with an x as a share of the measured capacity (default: 0.5x,0.8x,3.0x)")
  private List<String> rates = new ArrayList<>();

  @Option(names = "--seconds", paramLabel = "N", description = "of load for each rate (default: 20)")
  private Double seconds;

  @Option(names = "--rounds", paramLabel = "N", description = "measured rounds (default: 9)")
  private Integer rounds;

  @Option(names = "--warm-up", paramLabel = "TIME",
      description = "warm up each contestant until its speed holds still, at most this long (default: one round)")
  private String warmUp;

  @Option(names = "--batches-per-run", paramLabel = "N",
      description = "batches of images, and repetitions of the texts, in a run: more for a steady stream (default: 2)")
  private Integer batchesPerRun;

  @Option(names = "--quick", description = "less of everything, on synthetic:small unless another model is named: under two minutes")
  private boolean quick;

  @Option(names = "--only", paramLabel = "SECTION", split = ",",
      description = "of images, texts, sweep, latency, queue, ops, ab (default: all; ab where --ab is given)")
  private List<String> only = new ArrayList<>();

  @Option(names = "--ab", paramLabel = "KEY=VALUE,...",
      description = "measure this setup against the same with other options, interleaved; keys are " + Setup.KEYS + "; may be repeated")
  private List<String> ab = new ArrayList<>();

  @Option(names = "--peers", paramLabel = "none|ort|torch|all", split = ",", defaultValue = "none",
      description = "on the CPU, once bench/peers/prepare was run (default: ${DEFAULT-VALUE})")
  private List<String> peers;

  @Option(names = "--work", paramLabel = "DIR", description = "what bench/peers/prepare made (default: bench/work of the checkout)")
  private Path work;

  @Mixin private BenchOutput output;

  BenchCommand(Context context) {
    this.context = context;
  }

  static CommandLine create(Context context) {
    return new CommandLine(new BenchCommand(context)).addSubcommand("cpu", new BenchCpuCommand(context))
        .addSubcommand("gpu", new BenchGpuCommand(context))
        .addSubcommand("op", new BenchOpCommand(context))
        .addSubcommand("load", new BenchLoadCommand(context))
        .addSubcommand("soak", new BenchSoakCommand(context))
        // --backend cpu is a backend, not the subcommand.
        .setAllowSubcommandsAsOptionParameters(true);
  }

  @Override
  public Integer call() {
    BenchPlan plan = plan();
    List<Section> sections = sections();
    Setup setup = setupOptions.setup(quick, precisions.isEmpty() ? null : precisions.getFirst());
    ab.forEach(setup::with);
    requirePeers(setup);
    try (Closer owner = new Closer();
        Workbench bench = new Workbench(context.backends(), context.console()::say);
        BenchOutput sink = output.begin(context.console(), sections.size())) {
      List<? extends Contestant> contestants = peers(setup, owner);
      Session session = new Session(bench, bench.resolve(setup),
          contestants.isEmpty() ? plan : plan.withRounds(plan.rounds().withPause(PEERS_PAUSE_MILLIS)), sink);
      for (Section section : sections) {
        try {
          run(section, session, contestants);
        } catch (ContestantFailedException e) {
          // A section that cannot be measured becomes a row that says why; the other sections run all the same.
          sink.rows(List.of(session.failed(section, e)));
        }
      }
      return sink.finish();
    }
  }

  private void run(Section section, Session session, List<? extends Contestant> contestants) {
    Setup setup = session.setup();
    switch (section) {
      case IMAGES -> inputs.withFiles(quick, context.console()::say, files -> ImagesSection.run(session, files, contestants));
      case TEXTS -> TextsSection.run(session, inputs.corpora(setup.model(), session.plan().texts()), contestants);
      case SWEEP -> SweepSection.run(session, swept(session));
      case LATENCY -> LatencySection.run(session.with(setup.withModel(latencyModel)));
      case QUEUE -> QueueSection.run(session);
      case OPS -> OpsSection.run(session, ops(session), peak(session));
      case AB -> ab.forEach(changes -> AbSection.run(
          session, changes, inputs.corpora(setup.model(), session.plan().texts()).getLast()));
      case STAGES, SOAK, TOWERS, LOAD -> throw new IllegalStateException(section + " is no section of its own here");
    }
  }

  /** Single ops are quick at full width, too, and only there say what limits the real model. */
  private List<Setup> ops(Session session) {
    Setup setup = setupOptions.modelWasNamed() ? session.setup() : session.setup().withModel(FULL);
    return swept(session).stream().limit(quick ? 1 : Long.MAX_VALUE).map(setup::withPrecision).toList();
  }

  /**
   * Unless precisions were named: the one that the backend takes by itself, and bf16 on a CPU that has it. (bf16-weights runs on every CPU,
   * but at a twentieth of the speed of fp32 where there is no AVX-512: a sweep of it would take hours.)
   */
  private List<Precision> swept(Session session) {
    if (!precisions.isEmpty()) {
      return precisions;
    }
    Precision own = session.backend().precision();
    return session.backend().name().equals("cpu") && own != Precision.BF16 && starts(session, Precision.BF16)
        ? List.of(own, Precision.BF16) : List.of(own);
  }

  private static boolean starts(Session session, Precision precision) {
    try {
      session.with(session.setup().withPrecision(precision)).backend();
      return true;
    } catch (BackendUnavailableException missing) {
      return false;
    }
  }

  private Optional<MultiplyAddPeak> peak(Session session) {
    return session.backend().name().equals("cpu")
        ? MultiplyAddPeak.measure(Checkout.root(), session.setup().usedThreads()) : Optional.empty();
  }

  private BenchPlan plan() {
    BenchPlan plan = quick ? BenchPlan.QUICK : BenchPlan.FULL;
    if (rounds != null) {
      requirePositive("--rounds", rounds);
    }
    batches.forEach(batch -> requirePositive("--batches", batch));
    if (seconds != null && !(seconds > 0 && seconds <= 86_400)) {
      throw new UsageException("--seconds " + seconds + ": expected more than 0 and at most a day");
    }
    if (batchesPerRun != null) {
      requirePositive("--batches-per-run", batchesPerRun);
    }
    Rounds counted = rounds == null ? plan.rounds() : plan.rounds().withCount(rounds);
    return new BenchPlan(
        warmUp == null ? counted : counted.withWarmUp(WarmUp.UntilSteady.within(BenchTimes.duration("--warm-up", warmUp))),
        batchesPerRun == null ? plan.batchesPerRun() : batchesPerRun, batches.isEmpty() ? plan.sweepBatches() : batches,
        plan.texts(), seconds == null ? plan.latencySeconds() : seconds, loads(plan), plan.queueMillis(), plan.ops(),
        plan.deviceOps());
  }

  private List<BenchPlan.Load> loads(BenchPlan plan) {
    if (rates.isEmpty() || rates.equals(List.of("auto"))) {
      return plan.loads();
    }
    try {
      return rates.stream().map(BenchPlan.Load::parse).toList();
    } catch (IllegalArgumentException e) {
      throw new UsageException("--rates " + String.join(",", rates) + ": expected numbers such as 120 or 0.8x: " + e.getMessage());
    }
  }

  private static void requirePositive(String option, int value) {
    if (value < 1) {
      throw new UsageException("expected " + option + " of 1 or more");
    }
  }

  private List<Section> sections() {
    List<Section> all = List.of(
        Section.IMAGES, Section.TEXTS, Section.SWEEP, Section.LATENCY, Section.QUEUE, Section.OPS, Section.AB);
    List<String> names = all.stream().map(section -> section.name().toLowerCase(Locale.ROOT)).toList();
    for (String name : only) {
      if (!names.contains(name)) {
        throw new UsageException("--only " + name + ": expected some of " + String.join(", ", names));
      }
    }
    if (only.contains("ab") && ab.isEmpty()) {
      throw new UsageException("--only ab: expected the options of B, with --ab KEY=VALUE");
    }
    return all.stream()
        .filter(section -> only.isEmpty() ? section != Section.AB || !ab.isEmpty() : only.contains(names.get(all.indexOf(section))))
        .toList();
  }

  private void requirePeers(Setup setup) {
    if (peers.stream().anyMatch(name -> !List.of("none", "ort", "torch", "all").contains(name))) {
      throw new UsageException("--peers " + String.join(",", peers) + ": expected none, ort, torch or all");
    }
    if (!peers.equals(List.of("none")) && !setup.model().equals(FULL)) {
      throw new UsageException("--peers: peers have synthetic:full alone; expected --model synthetic:full");
    }
  }

  /** Starts the peers. If they were not prepared, a line says how to do that, and the run goes on without them. */
  private List<PeerProcess> peers(Setup setup, Closer owner) {
    try {
      String which = peers.size() == 1 ? peers.getFirst() : "all";
      return new PreparedPeers(work == null ? Checkout.work() : work).start(which, setup.usedThreads(), owner);
    } catch (BadInputException e) {
      context.console().say("without peers: " + e.getMessage());
      return List.of();
    }
  }
}
