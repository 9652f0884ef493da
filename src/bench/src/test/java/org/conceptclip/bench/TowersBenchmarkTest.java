package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TowersBenchmarkTest {
  private static final Workload TWO_IMAGES = new Workload.Vision(2);

  /** Takes a fixed time that nobody waits for, and remembers when it ran. */
  private static final class Scripted implements Contestant {
    private final String name;
    private final long nanos;
    private final float[] values;
    private final List<String> log;
    private int runs;

    Scripted(String name, long nanos, float[] values, List<String> log) {
      this.name = name;
      this.nanos = nanos;
      this.values = values;
      this.log = log;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public String version() {
      return name + " 1";
    }

    @Override
    public void prepare(Workload workload) {}

    @Override
    public Sample run() {
      log.add(name);
      runs++;
      if (name.equals("dies") && runs == 3) {
        throw new ContestantFailedException("dies: gave up");
      }
      // The warm-up is slow, and must not count.
      return new Sample(runs == 1 ? 100 * nanos : nanos, values);
    }

    @Override
    public void close() {}
  }

  private final List<String> log = new ArrayList<>();
  private final float[] features = {1, 2, 3};

  private Scripted scripted(String name, long nanos, float... values) {
    return new Scripted(name, nanos, values, log);
  }

  private List<BenchRow> run(Contestant... others) {
    TowersBenchmark benchmark =
        new TowersBenchmark(scripted("own", 1_000_000, features), List.of(others), Optional::empty, 2, "abc");
    return benchmark.run(TWO_IMAGES, new Rounds(4, 1, 0, 5), name -> {});
  }

  @Test
  void ratiosAreOurSpeedOverTheirs() {
    List<BenchRow> rows = run(scripted("slow", 3_000_000, features), scripted("fast", 500_000, features));
    assertEquals(List.of("own", "slow", "fast"), rows.stream().map(BenchRow::contestant).toList());
    assertEquals(Map.of("slow", 3.0, "fast", 0.5), rows.getFirst().ratios());
    assertEquals(2000, rows.getFirst().median(), 1e-9, "two images in a millisecond");
    assertEquals(4, rows.getFirst().rounds());
    assertEquals("images/s", rows.getFirst().unit());
    assertEquals("abc", rows.getFirst().commit());
  }

  @Test
  void everyRoundRunsEverybodyOnceInAnOrderOfItsOwn() {
    run(scripted("b", 1, features), scripted("c", 1, features));
    assertEquals(15, log.size(), "one warm-up and four rounds of three");
    List<List<String>> rounds = new ArrayList<>();
    for (int r = 0; r < 5; r++) {
      List<String> round = log.subList(3 * r, 3 * r + 3);
      assertEquals(List.of("b", "c", "own"), round.stream().sorted().toList());
      rounds.add(List.copyOf(round));
    }
    assertNotEquals(1, rounds.stream().distinct().count(), "the order was never shuffled");
    List<String> first = List.copyOf(log);
    log.clear();
    run(scripted("b", 1, features), scripted("c", 1, features));
    assertEquals(first, log, "the same seed must give the same order");
  }

  @Test
  void whoeverFailsIsLeftOutAndTheRestGoesOn() {
    List<BenchRow> rows = run(scripted("dies", 1, features), scripted("slow", 2_000_000, features));
    assertEquals("dies: gave up", rows.get(1).failure());
    assertNull(rows.get(1).median());
    assertEquals(Map.of("slow", 2.0), rows.getFirst().ratios());
    assertEquals(3, log.stream().filter("dies"::equals).count());
  }

  @Test
  void anotherModelIsNotAPeer() {
    List<BenchRow> rows = run(scripted("other", 3_000_000, 1, 2, 3.1f), scripted("rounded", 3_000_000, 1, 2, 3.001f));
    assertTrue(rows.get(1).failure().contains("another model"), rows.get(1)::failure);
    assertNull(rows.get(2).failure());
    assertEquals(Map.of("rounded", 3.0), rows.getFirst().ratios());
  }

  @Test
  void fewerFeaturesThanExpectedFailTheRowNotTheRun() {
    List<BenchRow> rows = run(scripted("short", 3_000_000, 1, 2));
    assertEquals("answered 2 features, expected 3", rows.get(1).failure());
  }

  @Test
  void notANumberIsAnotherModel() {
    assertTrue(TowersBenchmark.disagreement(features, new float[] {1, Float.NaN, 3}, 1e-3) != null);
  }
}
