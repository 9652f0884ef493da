package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.IntBinaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Memory that is short at any moment of an engine's life costs requests, or its opening: no thread, no slot, and never the engine. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EngineShortageTest {
  @Test
  void atEveryAllocationOfTheEngine() throws ReflectiveOperationException {
    IntBinaryOperator scenario = ShortageTest.scenario("EngineShortageScenario");
    int moments = 0;
    for (int run = 0; run < 3; run++) {
      // Threads take turns differently, so that there are not always equally many.
      moments = Math.max(moments, scenario.applyAsInt(Integer.MAX_VALUE, 0));
    }
    assertTrue(moments > 300, moments + " moments");
    ShortageTest.everyMoment(scenario, moments, 1, 1);
    ShortageTest.everyMoment(scenario, moments, 20, 10);
  }
}
