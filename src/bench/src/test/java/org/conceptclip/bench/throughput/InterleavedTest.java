package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.ContestantFailedException;
import org.conceptclip.bench.Rounds;
import org.conceptclip.bench.Statistics;
import org.conceptclip.bench.WarmUp;
import org.conceptclip.bench.Workload;
import org.conceptclip.bench.throughput.Interleaved.Entrant;
import org.junit.jupiter.api.Test;

class InterleavedTest {
  /** Takes a fixed time that nobody waits for. */
  private record Scripted(String name, long nanos, float feature) implements Contestant {
    @Override
    public String version() {
      if (nanos < 0) {
        throw new ContestantFailedException(name + ": asked for its version although it never ran");
      }
      return name + " 1";
    }

    @Override
    public void prepare(Workload workload) {}

    @Override
    public Sample run() {
      if (nanos < 0) {
        throw new ContestantFailedException(name + ": gave up");
      }
      return new Sample(nanos, new float[] {feature, 1});
    }

    @Override
    public void close() {}
  }

  private static Entrant entrant(String name, long nanos, float feature) {
    return new Entrant(new Scripted(name, nanos, feature), Rows.SUBJECT);
  }

  private static List<BenchRow> run(Entrant... entrants) {
    CollectingSink sink = new CollectingSink();
    Setup setup = new Setup("synthetic:tiny", "reference", BackendRequest.DEFAULT, 4, BatcherOptions.DEFAULT);
    Session session = new Session(null, setup, BenchPlan.QUICK, sink);
    Interleaved.report(session, new Interleaved(Section.IMAGES, new Workload.Vision(4), "images", Map.of("files", 3))
        .run(session, List.of(entrants), new Rounds(3, new WarmUp.InRounds(1), 0)));
    return sink.rows;
  }

  @Test
  void ratiosAreOfTheFirstAndOfWhatAControlControls() {
    List<BenchRow> rows = run(
        entrant("engine", 2_000_000, 1), entrant("bare", 1_000_000, 1), entrant("bare, again (A/A)", 1_250_000, 1));
    assertEquals(Map.of("bare", new Statistics(0.5, 0.5, 0.5)), rows.get(0).ratios());
    assertEquals(Map.of("bare, again (A/A)", new Statistics(1.25, 1.25, 1.25)), rows.get(1).ratios());
    assertEquals(Map.of(), rows.get(2).ratios());
    assertEquals(2000, rows.getFirst().median(), 1e-9, "four images in two milliseconds");
    assertEquals(Map.of("files", "3", "rounds", "3", "warmUp", "1 rounds"), rows.getFirst().parameters());
    assertEquals(1, Comparison.unsteady(rows).size(), "a control at 1.25");
  }

  @Test
  void whoFailsOrComputesAnotherModelHasNoFigures() {
    List<BenchRow> rows = run(
        entrant("engine", 1_000_000, 1), entrant("dies", -1, 1), entrant("other", 1_000_000, 2),
        new Entrant(new Scripted("unlike", 1_000_000, 9), Rows.SUBJECT, Interleaved.UNCHECKED),
        new Entrant(new Scripted("peer", 1_000_000, 7), Rows.SUBJECT, new float[] {7, 1}));
    assertEquals("dies: gave up", rows.get(1).failure());
    assertNull(rows.get(1).median());
    assertTrue(rows.get(2).failure().contains("another model"), rows.get(2)::toString);
    assertNull(rows.get(3).failure(), "told not to compare");
    assertNull(rows.get(4).failure(), "compared with features of its own");
    assertEquals(Set.of("unlike", "peer"), rows.getFirst().ratios().keySet());
  }

  @Test
  void versionsAreAskedOfPeersThatRan() {
    List<BenchRow> rows = run(entrant("engine", 1_000_000, 1),
        new Entrant(new Scripted("peer", 1_000_000, 1), Subject.ofPeer("synthetic:full", new Scripted("peer", 1, 1), 4)),
        new Entrant(new Scripted("dies", -1, 1), Subject.ofPeer("synthetic:full", new Scripted("dies", -1, 1), 4)));
    assertEquals(Rows.SUBJECT, rows.get(0).subject());
    assertEquals(new Subject("synthetic:full", "peer", "peer 1", "fp32", null, 4), rows.get(1).subject());
    assertNull(rows.get(2).subject().device());
    assertEquals("dies: gave up", rows.get(2).failure());
  }

  @Test
  void smallDifferencesAreRoundingAndLargeOnesAnotherModel() {
    float[] features = {1, 2, 3};
    assertNull(Interleaved.disagreement(features, new float[] {1, 2, 3.001f}, 1e-3));
    assertTrue(Interleaved.disagreement(features, new float[] {1, 2, 3.1f}, 1e-3).contains("another model"));
    assertNull(Interleaved.disagreement(features, new float[] {1, 2, 3.1f}, 0.1), "float16 may differ by more");
    assertTrue(Interleaved.disagreement(features, new float[] {1, Float.NaN, 3}, 1e-3).contains("another model"), "not a number");
  }

  @Test
  void fewerFeaturesThanExpectedFailTheRowNotTheRun() {
    assertEquals("answered 2 features, expected 3", Interleaved.disagreement(new float[3], new float[2], 1e-3));
    List<BenchRow> rows = run(entrant("engine", 1_000_000, 1),
        new Entrant(new Scripted("peer", 1_000_000, 7), Rows.SUBJECT, new float[3]), entrant("bare", 1_000_000, 1));
    assertEquals("answered 2 features, expected 3", rows.get(1).failure());
    assertEquals(Set.of("bare"), rows.getFirst().ratios().keySet());
  }
}
