package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.conceptclip.batch.BatchListener.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The batcher under many random schedules on a virtual clock. A failure names its seed: {@code new Simulation(seed).run()}. */
class BatcherSimulationTest {
  private static final long SCHEDULES = 10_000;

  @Test
  @Timeout(300)
  void everyScheduleKeepsEveryPromise() {
    Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);
    long[] refused = new long[1];
    LongStream.range(0, SCHEDULES).forEach(seed -> {
      Simulation simulation = new Simulation(seed);
      simulation.run();
      simulation.outcomes().forEach((outcome, count) -> outcomes.merge(outcome, count, Integer::sum));
      refused[0] += simulation.refused();
    });
    // A promise that nothing put to the test was not kept, only not broken.
    for (Outcome outcome : Outcome.values()) {
      assertTrue(outcomes.getOrDefault(outcome, 0) > SCHEDULES, outcome + " hardly ever happened: " + outcomes);
    }
    assertTrue(refused[0] > SCHEDULES, "only " + refused[0] + " requests were refused");
  }
}
