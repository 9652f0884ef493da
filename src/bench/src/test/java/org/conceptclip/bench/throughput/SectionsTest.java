package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.conceptclip.backend.Backends;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.EncoderContestant;
import org.conceptclip.bench.Workload;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sections with peers, and that nobody is compared with another model. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class SectionsTest {
  private static final Setup TINY =
      new Setup("synthetic:tiny", "cpu", Optional.empty(), 1, Map.of(), 2, BatcherOptions.DEFAULT);

  private final Workbench bench = new Workbench(Backends.discovered(), notice -> {});
  private final List<ThroughputRow> rows = new ArrayList<>();
  private int steps;
  private int announced;

  private final Session session = new Session(bench, TINY, BenchPlan.QUICK.withRounds(2), "abc", Optional::empty, new Session.Sink() {
    @Override
    public void rows(List<ThroughputRow> some) {
      rows.addAll(some);
    }

    @Override
    public void begin(Section section, int itsSteps) {
      announced += itsSteps;
    }

    @Override
    public void step() {
      steps++;
    }
  });

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

  private ThroughputRow row(String contestant) {
    return rows.stream().filter(row -> row.contestant().equals(contestant)).findFirst().orElseThrow();
  }

  private List<Contestant> peers() {
    Contestant same = new EncoderContestant("peer", bench.encoder(TINY));
    return List.of(same, new Scaled(same, 1.1f));
  }

  @Test
  void imagesOfPeersThatComputeTheSameModelCount() {
    ImagesSection.run(session, List.of(Path.of("examples", "skin-lesion-nevus.jpg")), peers());
    assertNull(row("peer").failure());
    assertTrue(row("scaled").failure().contains("another model"), row("scaled")::toString);
    ThroughputRow engine = row("engine, pixels in memory");
    assertTrue(engine.ratios().containsKey("peer") && !engine.ratios().containsKey("scaled"), engine::toString);
    assertNull(row("engine, JPEG files").failure(), "other pictures are not another model");
    assertEquals(2, engine.subject().batch());
    assertEquals(4, rows.stream().filter(row -> row.section() == Section.STAGES).count());
    assertEquals(announced, steps, "progress must end at its end");
  }

  @Test
  void textsOfPeersThatComputeTheSameModelCount() {
    int[] lengths = {5, 24, 9};
    TextsSection.run(session, List.of(new TextsSection.Corpus("texts", lengths)), peers());
    assertNull(row("peer").failure());
    assertTrue(row("scaled").failure().contains("another model"), row("scaled")::toString);
    ThroughputRow engine = row("engine, packed");
    assertEquals(1.0, engine.figures().get("tokensComputedOverWanted"));
    assertEquals(1.0, engine.figures().get("tokensGivenToDevicesOverWanted"));
    assertEquals(3.0 * 24 / Arrays.stream(lengths).sum(), engine.figures().get("paddedTokensOverWanted"), 1e-12);
    assertTrue(engine.ratios().containsKey("bare loop, padded to 24"), engine::toString);
    assertEquals(announced, steps);
  }

  @Test
  void sweepAndLatencyAndQueueStepAsTheySaid() {
    Session few = new Session(bench, TINY, BenchPlan.QUICK.withRounds(1).withSweepBatches(List.of(1, 2))
        .withLatency(0.3, List.of(new BenchPlan.Load(0.5, true), new BenchPlan.Load(50, false))), "abc", Optional::empty, session.sink());
    SweepSection.run(few, List.of(few.backend().precision()));
    LatencySection.run(few);
    QueueSection.run(few);
    assertEquals(announced, steps);
    assertEquals(List.of(1, 1, 2, 2), rows.stream().filter(row -> row.section() == Section.SWEEP)
        .map(row -> row.subject().batch()).toList());
    ThroughputRow load = rows.stream().filter(row -> row.workload().equals("images, 50.0 requests/s")).findFirst().orElseThrow();
    assertEquals(load.figures().get("accepted"), load.figures().get("offered") - load.figures().get("refused"));
    assertTrue(load.figures().get("p50Millis") <= load.figures().get("p99Millis"), load::toString);
  }
}
