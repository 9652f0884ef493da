package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class StatisticsTest {
  @Test
  void oddCountHasAMiddleSample() {
    Statistics statistics = Statistics.of(50, 10, 40, 20, 30);
    assertEquals(30, statistics.median());
    assertEquals(20, statistics.low());
    assertEquals(40, statistics.high());
    assertEquals(new Statistics(60, 40, 80), statistics.scaled(2));
  }

  @Test
  void evenCountIsInterpolated() {
    Statistics statistics = Statistics.of(4, 1, 3, 2);
    assertEquals(2.5, statistics.median());
    assertEquals(1.75, statistics.low());
    assertEquals(3.25, statistics.high());
  }

  @Test
  void oneSampleIsItsOwnQuartiles() {
    assertEquals(new Statistics(7, 7, 7), Statistics.of(7));
  }

  @Test
  void aSlowRoundOfBothChangesNoRatio() {
    // Medians of 10 and 12.5 would say 0.8, and unpaired quartiles anything from 0.1 to 4.
    assertEquals(new Statistics(0.8, 0.8, 0.8), Statistics.ofRatios(new double[] {10, 4, 20}, new double[] {12.5, 5, 25}));
    assertEquals(new Statistics(2, 1.5, 2.5), Statistics.ofRatios(new double[] {1, 2, 3}, new double[] {1, 1, 1}));
  }

  @Test
  void everyRoundNeedsItsPair() {
    assertThrows(IllegalArgumentException.class, () -> Statistics.ofRatios(new double[2], new double[3]));
  }

  @Test
  void noSamplesAreRefused() {
    assertThrows(IllegalArgumentException.class, Statistics::of);
  }
}
