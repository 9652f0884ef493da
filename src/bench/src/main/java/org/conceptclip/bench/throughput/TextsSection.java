package org.conceptclip.bench.throughput;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.batch.StageReport;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.Workload;
import org.conceptclip.bench.throughput.Interleaved.Entrant;
import org.conceptclip.bench.throughput.Interleaved.Result;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.model.TextConfig;
import org.conceptclip.runtime.Encoder;

/** Texts per second: the engine and the bare loop with its control, both packed, our own dense path padded to the context, and peers. */
public final class TextsSection {
  private static final String ENGINE = "engine, packed";
  private static final String BARE = "bare loop, packed";
  private static final double PACKED_AT_LEAST = 2;
  private static final String COUNTED_MODEL = "synthetic:small";
  /** Tokens computed over tokens wanted. */
  private static final double WASTE_LIMIT = 1.00;
  /** The same where passes are padded to one of few sizes, by an eighth at most. */
  private static final double RECORDED_WASTE_LIMIT = 1.125;

  private TextsSection() {}

  /** Texts of one kind: a label for tables, and the number of tokens of each text, at most the model's context. */
  public record Corpus(String label, int[] lengths) {}

  /** Measures each corpus, also with peers that compute the same model. The caller closes the peers. */
  public static void run(Session session, List<Corpus> corpora, List<? extends Contestant> peers) {
    Encoder encoder = session.bench().encoder(session.setup());
    session.sink().begin(Section.TEXTS, corpora.size() * (session.runs(4 + peers.size()) + 1));
    try (Engine engine = session.bench().engine(session.setup(), List.of())) {
      for (Corpus corpus : corpora) {
        run(session, engine, encoder, corpus, peers);
      }
    }
  }

  private static void run(
      Session session, Engine engine, Encoder encoder, Corpus corpus, List<? extends Contestant> peers) {
    int context = context(encoder.config().text());
    Workload.Texts workload = new Workload.Texts(corpus.lengths());
    Subject subject = session.bench().subject(session.setup());
    int batches = BenchPlan.BATCHES_PER_RUN;
    String padded = "bare loop, padded to " + context;
    List<Entrant> entrants = new ArrayList<>(List.of(
        new Entrant(OwnContestant.texts(ENGINE, engine, encoder, batches), subject),
        new Entrant(OwnContestant.barePacked(BARE, encoder, batches), subject),
        new Entrant(OwnContestant.barePacked(BARE + BenchRow.CONTROL, encoder, batches), subject),
        new Entrant(OwnContestant.barePadded(padded, encoder, batches, context), subject)));
    float[] reference = peers.isEmpty() ? null : OwnContestant.reference(encoder, workload);
    peers.forEach(peer -> entrants.add(new Entrant(peer, Subject.ofPeer(session.setup().model(), peer, null), reference)));
    int tokens = Arrays.stream(corpus.lengths()).sum();
    Map<String, ?> parameters = Map.of("texts", corpus.lengths().length, "tokens", tokens, "budget", engine.batchTokens(),
        "batchesPerRun", batches, "maxWait", Setup.text(session.setup().batching().maxWait()));
    StageReport before = engine.report();
    List<Result> results = new Interleaved(Section.TEXTS, workload,
        corpus.lengths().length + " " + corpus.label() + ", " + tokens + " tokens", parameters)
        .run(session, entrants, session.plan().rounds());
    StageReport report = engine.report().since(before);
    BenchRow.Builder own = results.getFirst().row();
    double waste = wasted(session, corpus, tokens);
    session.sink().step();
    own.figure("tokensComputedOverWanted", waste)
        .figure("tokensGivenToDevicesOverWanted", (double) report.tokensComputed() / report.tokensWanted())
        .atMost("tokens computed over tokens wanted", waste, encoder.limits().recorded() ? RECORDED_WASTE_LIMIT : WASTE_LIMIT);
    results.getFirst().over(results.get(3)).ifPresent(ratio -> own.figure("paddedTokensOverWanted",
        (double) context * corpus.lengths().length / tokens)
        .atLeast("packed over padded to " + context, ratio.median(), PACKED_AT_LEAST));
    Interleaved.report(session, results);
  }

  /** Tokens of the longest text that a model takes; the official evaluation pads every text to them. */
  public static int context(TextConfig config) {
    return Math.min(config.contextLength(), config.maxPositions());
  }

  /**
   * Rows that the text tower's first op really computed, over the tokens of the texts: the corpus goes once through an engine whose ops
   * are counted. Packing does not depend on the model, so a small one is used.
   */
  private static double wasted(Session session, Corpus corpus, int tokens) {
    TokenCounter counter = new TokenCounter();
    try (OpenModel model = OpenModel.open(COUNTED_MODEL);
        Encoder counted = model.load(counter.around(session.bench().backend(session.setup())));
        Engine engine = Engine.open(List.of(counted),
            EngineOptions.builder().batching(session.setup().batching()).warmUp(false).build())) {
      OwnContestant once = OwnContestant.texts("counted", engine, counted, 1);
      once.prepare(new Workload.Texts(corpus.lengths()));
      once.run();
    }
    return (double) counter.rows() / tokens;
  }
}
