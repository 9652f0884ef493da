package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RoundsTest {
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

  private Map<String, Rounds.Outcome> run(Contestant... others) {
    List<Contestant> all = new ArrayList<>(List.of(others));
    all.addFirst(scripted("own", 1_000_000, features));
    return new Rounds(4, 1, 0).run(TWO_IMAGES, all, name -> {});
  }

  @Test
  void measuredRoundsAreKeptAndWarmUpsAreNot() {
    Map<String, Rounds.Outcome> outcomes = run(scripted("slow", 3_000_000, features), scripted("fast", 500_000, features));
    assertEquals(List.of("own", "slow", "fast"), List.copyOf(outcomes.keySet()));
    assertArrayEquals(new double[] {1e6, 1e6, 1e6, 1e6}, outcomes.get("own").nanos());
    assertArrayEquals(features, outcomes.get("slow").values());
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
    Map<String, Rounds.Outcome> outcomes = run(scripted("dies", 1, features), scripted("slow", 2_000_000, features));
    assertEquals("dies: gave up", outcomes.get("dies").failure());
    assertNull(outcomes.get("slow").failure());
    assertEquals(4, outcomes.get("slow").nanos().length);
    assertEquals(3, log.stream().filter("dies"::equals).count());
  }
}
