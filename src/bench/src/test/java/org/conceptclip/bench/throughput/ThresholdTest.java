package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ThresholdTest {
  @Test
  void thresholdsAreMetAtTheirLimit() {
    assertTrue(new Threshold("x", 0.97, true, 0.97).met());
    assertFalse(new Threshold("x", 0.969, true, 0.97).met());
    assertTrue(new Threshold("x", 2, false, 2).met());
    assertFalse(new Threshold("x", Double.NaN, false, 2).met(), "nothing measured keeps no promise");
  }
}
