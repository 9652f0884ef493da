package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    return new Rounds(4, new WarmUp.InRounds(1), 0).run(TWO_IMAGES, all, name -> {});
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

  /** Runs that become faster, on a clock that only they move. */
  private static final class Settling implements Contestant {
    private final long[] nanos;
    private int runs;
    private long now;

    Settling(long... nanos) {
      this.nanos = nanos;
    }

    @Override
    public String name() {
      return "settling";
    }

    @Override
    public String version() {
      return "1";
    }

    @Override
    public void prepare(Workload workload) {}

    @Override
    public Sample run() {
      long took = nanos[Math.min(runs++, nanos.length - 1)];
      now += took;
      return new Sample(took, new float[] {1});
    }
  }

  @Test
  void warmingUpEndsWhenTwoWindowsAgree() {
    Settling settling = new Settling(100, 90, 80, 60, 50, 50, 49, 49, 48);
    WarmUp.Warmed warmed = new WarmUp.UntilSteady(95, 0.05, 10_000).warm(settling, () -> settling.now);
    // Windows: 100; 90, 80; 60, 50; 50, 49; medians 100, 85, 55, 49.5, then 49, 48.
    assertTrue(warmed.steady());
    assertEquals(9, settling.runs);
    assertEquals(576, warmed.nanos());
    assertEquals("steady after 0.0 s", warmed.words());
  }

  @Test
  void warmingUpOfWhatNeverSettlesEndsAtTheLimit() {
    long[] falling = new long[100];
    for (int i = 0; i < falling.length; i++) {
      falling[i] = 100_000_000L * (100 - i);
    }
    Settling settling = new Settling(falling);
    WarmUp.Warmed warmed = new WarmUp.UntilSteady(1, 1e-6, 20_000_000_000L).warm(settling, () -> settling.now);
    assertFalse(warmed.steady());
    assertEquals(3, settling.runs, "9.9, 9.8 and 9.7 seconds, after the first 10");
    assertEquals("not steady after 29.7 s", warmed.words());
  }

  @Test
  void aContestantThatNeedsLongRunsOnceAWindow() {
    Settling settling = new Settling(1000, 1000);
    assertTrue(new WarmUp.UntilSteady(1, 0.02, 1_000_000).warm(settling, () -> settling.now).steady());
    assertEquals(2, settling.runs);
  }

  @Test
  void warmingUpDoesNotCountAndIsSaid() {
    List<Contestant> all = List.of(scripted("own", 1_000_000, features), scripted("dies", 1_000_000, features));
    Map<String, Rounds.Outcome> outcomes =
        new Rounds(2, new WarmUp.UntilSteady(1, 0.5, 1_000_000_000), 0).run(TWO_IMAGES, all, name -> {});
    assertArrayEquals(new double[] {1e6, 1e6}, outcomes.get("own").nanos());
    assertTrue(outcomes.get("own").warmUp().startsWith("steady after "), outcomes.get("own")::warmUp);
    assertEquals("dies: gave up", outcomes.get("dies").failure());
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
