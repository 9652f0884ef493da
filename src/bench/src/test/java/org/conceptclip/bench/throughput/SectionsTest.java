package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Backends;
import org.conceptclip.backend.Precision;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.MultiplyAddPeak;
import org.conceptclip.bench.Rounds;
import org.conceptclip.bench.WarmUp;
import org.conceptclip.bench.Workload;
import org.conceptclip.catalog.OpenModel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sections with peers, and that nobody is compared with another model. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class SectionsTest {
  private static final Setup TINY =
      new Setup("synthetic:tiny", "cpu", BackendRequest.DEFAULT.withThreads(1), 2, BatcherOptions.DEFAULT);

  private final Workbench bench = new Workbench(Backends.discovered(), notice -> {});
  private final CollectingSink sink = new CollectingSink();
  private final List<BenchRow> rows = sink.rows;
  private final Session session = new Session(bench, TINY, BenchPlan.QUICK.withRounds(new Rounds(2, new WarmUp.InRounds(1), 20)), sink);

  @AfterEach
  void close() {
    bench.close();
  }

  /** Computes the same model but for a factor. */
  private record Scaled(Contestant contestant, float factor) implements Contestant {
    @Override
    public String name() {
      return "scaled";
    }

    @Override
    public String version() {
      return "1";
    }

    @Override
    public void prepare(Workload workload) {
      contestant.prepare(workload);
    }

    @Override
    public Sample run() {
      Sample sample = contestant.run();
      float[] values = sample.values().clone();
      for (int i = 0; i < values.length; i++) {
        values[i] *= factor;
      }
      return new Sample(sample.nanos(), values);
    }

    @Override
    public void close() {}
  }

  private BenchRow row(String contestant) {
    return rows.stream().filter(row -> row.contestant().equals(contestant)).findFirst().orElseThrow();
  }

  private List<Contestant> peers() {
    Contestant same = OwnContestant.likePeers("peer", bench.encoder(TINY));
    return List.of(same, new Scaled(same, 1.1f));
  }

  @Test
  void imagesOfPeersThatComputeTheSameModelCount() {
    ImagesSection.run(session, List.of(Path.of("examples", "skin-lesion-nevus.jpg")), peers());
    assertNull(row("peer").failure());
    assertTrue(row("scaled").failure().contains("another model"), row("scaled")::toString);
    BenchRow engine = row("engine, pixels in memory");
    assertTrue(engine.ratios().containsKey("peer") && !engine.ratios().containsKey("scaled"), engine::toString);
    assertNull(row("engine, JPEG files").failure(), "other pictures are not another model");
    assertEquals(2, engine.subject().batch());
    assertEquals(4, rows.stream().filter(row -> row.section() == Section.STAGES).count());
    assertEquals(sink.announced, sink.steps, "progress must end at its end");
  }

  @Test
  void textsOfPeersThatComputeTheSameModelCount() {
    int[] lengths = {5, 24, 9};
    TextsSection.run(session, List.of(new TextsSection.Corpus("texts", lengths)), peers());
    assertNull(row("peer").failure());
    assertTrue(row("scaled").failure().contains("another model"), row("scaled")::toString);
    BenchRow engine = row("engine, packed");
    assertEquals(1.0, engine.figures().get("tokensComputedOverWanted"));
    assertEquals(1.0, engine.figures().get("tokensGivenToDevicesOverWanted"));
    assertEquals(3.0 * 24 / Arrays.stream(lengths).sum(), engine.figures().get("paddedTokensOverWanted"), 1e-12);
    assertTrue(engine.ratios().containsKey("bare loop, padded to 24"), engine::toString);
    assertEquals(sink.announced, sink.steps);
  }

  @Test
  void towersAreHeldAgainstTheirControlOtherPrecisionsAndPeers() {
    List<Workload> workloads = List.of(new Workload.Vision(2), new Workload.Texts(5, 24));
    TowersSection.run(session, List.of(TINY, TINY.withPrecision(Precision.BF16_WEIGHTS)), peers(), workloads, TowersSection.Form.LIKE_PEERS);
    assertEquals(sink.announced, sink.steps);
    assertEquals(2 * 5, rows.size());
    BenchRow ours = rows.getFirst();
    assertEquals("conceptclip fp32", ours.contestant());
    assertEquals(Set.of("conceptclip fp32, again (A/A)", "conceptclip bf16-weights", "peer"), ours.ratios().keySet());
    assertEquals("vision, batch 2", ours.workload());
    assertEquals("2 texts of 5-24 tokens", rows.getLast().workload());
    assertTrue(row("scaled").failure().contains("another model"), row("scaled")::toString);
  }

  @Test
  void towersFromBytesAreHeldAgainstFloatsAndStreamsAgainstTheEngine() {
    List<Workload> workloads = List.of(new Workload.Vision(2), new Workload.Texts(5, 24));
    TowersSection.run(session, List.of(TINY), peers(), workloads, new TowersSection.Form(true, Optional.of(Duration.ofMillis(1))));
    assertEquals(List.of(), rows.stream().filter(row -> row.failure() != null && !row.contestant().equals("scaled")).toList());
    assertEquals(sink.announced, sink.steps);
    assertEquals(List.of("conceptclip fp32, bytes", "conceptclip fp32, bytes, again (A/A)", "conceptclip fp32, float32 pixels", "peer", "scaled"),
        contestants("vision, batch 2, single passes"));
    assertEquals(List.of("conceptclip fp32, bytes, bare loop", "conceptclip fp32, bytes, engine", "peer", "scaled"),
        contestants("vision, batch 2, steady stream"));
    assertEquals(List.of("conceptclip fp32", "conceptclip fp32, again (A/A)", "peer", "scaled"), contestants("2 texts of 5-24 tokens, single passes"));
    assertEquals(List.of("conceptclip fp32, bare loop", "conceptclip fp32, engine", "peer", "scaled"),
        contestants("2 texts of 5-24 tokens, steady stream"));
    assertEquals(4, rows.stream().filter(row -> row.failure() != null).count(), "the scaled one computes another model");
  }

  private List<String> contestants(String workload) {
    return rows.stream().filter(row -> row.workload().equals(workload)).map(BenchRow::contestant).toList();
  }

  @Test
  void opsOfEveryPrecisionAreRows() {
    OpsSection.run(session, List.of(TINY, TINY.withPrecision(Precision.BF16_WEIGHTS)), Optional.of(new MultiplyAddPeak(100, 200)));
    assertEquals(sink.announced, sink.steps);
    assertEquals(24, rows.size());
    assertEquals(Set.of("fp32", "bf16-weights"), rows.stream().map(row -> row.subject().precision()).collect(Collectors.toSet()));
    assertTrue(rows.stream().allMatch(row -> row.median() > 0 && row.low() <= row.median()), rows::toString);
  }

  @Test
  void loadingIsTimedAndItsMemoryMeasured() {
    Subject subject = bench.subject(TINY);
    BenchRow row = LoadSection.run(subject, () -> {
      try (OpenModel model = OpenModel.open(TINY.model())) {
        return model.load(bench.backend(TINY));
      }
    });
    assertEquals(subject, row.subject());
    assertTrue(row.median() > 0 && row.figures().get("weightBytes") > 1_000_000, row::toString);
    assertTrue(row.figures().containsKey("peakBytes"), row::toString);
  }

  @Test
  void sweepAndLatencyAndQueueStepAsTheySaid() {
    Session few = new Session(bench, TINY, new BenchPlan(new Rounds(1, new WarmUp.InRounds(1), 20), 2, List.of(1, 2), 64, 0.3,
        List.of(new BenchPlan.Load(0.5, true), new BenchPlan.Load(50, false)), 300, BenchPlan.QUICK.ops(), BenchPlan.QUICK.deviceOps()), sink);
    SweepSection.run(few, List.of(few.backend().precision()));
    LatencySection.run(few);
    QueueSection.run(few);
    assertEquals(sink.announced, sink.steps);
    assertEquals(List.of(1, 1, 2, 2), rows.stream().filter(row -> row.section() == Section.SWEEP)
        .map(row -> row.subject().batch()).toList());
    BenchRow load = rows.stream().filter(row -> row.workload().equals("images, 50.0 requests/s")).findFirst().orElseThrow();
    assertEquals(load.figures().get("accepted"), load.figures().get("offered") - load.figures().get("refused"));
    assertTrue(load.figures().get("p50Millis") <= load.figures().get("p99Millis"), load::toString);
  }
}
