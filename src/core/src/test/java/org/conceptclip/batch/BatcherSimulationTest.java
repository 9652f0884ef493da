package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.conceptclip.batch.BatchListener.Ending;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The batcher under many random schedules on a virtual clock. A failure names its seed: {@code new Simulation(seed).run()}. */
class BatcherSimulationTest {
  private static final long SCHEDULES = 10_000;

  @Test
  @Timeout(300)
  void everyScheduleKeepsEveryPromise() {
    Map<Ending, Integer> endings = new EnumMap<>(Ending.class);
    long[] refused = new long[1];
    LongStream.range(0, SCHEDULES).forEach(seed -> {
      Simulation simulation = new Simulation(seed);
      simulation.run();
      simulation.endings().forEach((ending, count) -> endings.merge(ending, count, Integer::sum));
      refused[0] += simulation.refused();
    });
    // A promise that nothing put to the test was not kept, only not broken.
    for (Ending ending : Ending.values()) {
      assertTrue(endings.getOrDefault(ending, 0) > SCHEDULES, ending + " hardly ever happened: " + endings);
    }
    assertTrue(refused[0] > SCHEDULES, "only " + refused[0] + " requests were refused");
  }
}
