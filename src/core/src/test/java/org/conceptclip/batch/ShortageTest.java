package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Constructor;
import java.util.function.IntBinaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Memory that is short at any single moment, or at several in a row, costs requests at most: never the batcher. */
@Timeout(120)
class ShortageTest {
  /** Loads a scenario once more, with rewritten classes around it. */
  static IntBinaryOperator scenario(String name) throws ReflectiveOperationException {
    Constructor<?> constructor = Class.forName("org.conceptclip.batch." + name, true, new ShortageLoader()).getDeclaredConstructor();
    constructor.setAccessible(true);
    return (IntBinaryOperator) constructor.newInstance();
  }

  /**
   * Runs a scenario with a failure at each moment in turn.
   *
   * @param atOnce moments in a row that fail
   * @param step from one first moment to the next
   */
  static void everyMoment(IntBinaryOperator scenario, int moments, int atOnce, int step) {
    for (int first = 1; first <= moments; first += step) {
      try {
        scenario.applyAsInt(first, atOnce);
      } catch (Throwable broken) {
        AssertionError failure =
            new AssertionError("memory was short at moment " + first + " of " + moments + ", for " + atOnce + " in a row", broken);
        failure.addSuppressed(Shortages.planted());
        throw failure;
      }
    }
  }

  @Test
  void atEveryAllocationOfTheBatcher() throws ReflectiveOperationException {
    IntBinaryOperator scenario = scenario("ShortageScenario");
    int moments = scenario.applyAsInt(Integer.MAX_VALUE, 0);
    assertTrue(moments > 1000, moments + " moments");
    for (int atOnce : new int[] {1, 2, 7, 60}) {
      everyMoment(scenario, moments, atOnce, 1);
    }
  }
}
