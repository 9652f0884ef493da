package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RatioTest {
  @Test
  void aSlowRoundOfBothChangesNoRatio() {
    // Medians of 10 and 12.5 would say 0.8, and unpaired quartiles anything from 0.1 to 4.
    assertEquals(new Ratio(0.8, 0.8, 0.8), Ratio.paired(new double[] {10, 4, 20}, new double[] {12.5, 5, 25}));
    assertEquals(new Ratio(2, 1.5, 2.5), Ratio.paired(new double[] {1, 2, 3}, new double[] {1, 1, 1}));
  }

  @Test
  void everyRoundNeedsItsPair() {
    assertThrows(IllegalArgumentException.class, () -> Ratio.paired(new double[2], new double[3]));
  }

  @Test
  void barsAreMetAtTheirLimit() {
    assertTrue(new Threshold("x", 0.97, true, 0.97).met());
    assertFalse(new Threshold("x", 0.969, true, 0.97).met());
    assertTrue(new Threshold("x", 2, false, 2).met());
    assertFalse(new Threshold("x", Double.NaN, false, 2).met(), "nothing measured keeps no promise");
  }
}
