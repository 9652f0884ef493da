package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TrendTest {
  @Test
  void aLineHasItsSlope() {
    Trend trend = Trend.of(IntStream.range(0, 41).mapToDouble(i -> 100 + i).toArray());
    assertEquals(40, trend.slope(), 1e-9, "from the first sample to the last");
    assertEquals(104.5, trend.firstQuarter(), 1e-9);
    assertEquals(135.5, trend.lastQuarter(), 1e-9);
    assertEquals(135.5 / 104.5 - 1, trend.growth(), 1e-12);
  }

  @Test
  void noiseIsNoGrowth() {
    Random random = new Random(3);
    Trend trend = Trend.of(IntStream.range(0, 40).mapToDouble(i -> 100 + random.nextGaussian()).toArray());
    assertTrue(Math.abs(trend.growth()) < 0.02, trend::toString);
  }

  @Test
  void aSlowLeakIsSeenThroughNoise() {
    Random random = new Random(3);
    Trend trend = Trend.of(IntStream.range(0, 40).mapToDouble(i -> 100 + 0.1 * i + random.nextGaussian()).toArray());
    assertTrue(trend.growth() > 0.02, trend::toString);
  }

  @Test
  void threeSamplesShowNothing() {
    assertThrows(IllegalArgumentException.class, () -> Trend.of(1, 2, 3));
  }
}
