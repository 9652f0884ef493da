package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class StatisticsTest {
  @Test
  void oddCountHasAMiddleSample() {
    Statistics statistics = Statistics.of(50, 10, 40, 20, 30);
    assertEquals(30, statistics.median());
    assertEquals(20, statistics.lowerQuartile());
    assertEquals(40, statistics.upperQuartile());
    assertEquals(new Statistics(60, 40, 80, 5), statistics.scaled(2));
  }

  @Test
  void evenCountIsInterpolated() {
    Statistics statistics = Statistics.of(4, 1, 3, 2);
    assertEquals(2.5, statistics.median());
    assertEquals(1.75, statistics.lowerQuartile());
    assertEquals(3.25, statistics.upperQuartile());
  }

  @Test
  void oneSampleIsItsOwnQuartiles() {
    assertEquals(new Statistics(7, 7, 7, 1), Statistics.of(7));
  }

  @Test
  void noSamplesAreRefused() {
    assertThrows(IllegalArgumentException.class, Statistics::of);
  }
}
