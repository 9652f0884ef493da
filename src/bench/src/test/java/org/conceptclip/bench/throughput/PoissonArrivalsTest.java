package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PoissonArrivalsTest {
  /** 100 arrivals a second for 1000 s: the count's standard deviation is 316, a mean gap's a third of a percent. */
  private static final long[] ARRIVALS = OpenLoop.arrivals(100, 1000, 7);

  @Test
  void theMeanRateIsTheAskedOne() {
    assertEquals(100_000, ARRIVALS.length, 4 * 316);
  }

  @Test
  void gapsAreExponential() {
    double mean = 0;
    double squares = 0;
    int long2 = 0;
    for (int i = 1; i < ARRIVALS.length; i++) {
      double gap = (ARRIVALS[i] - ARRIVALS[i - 1]) / 1e9;
      assertTrue(gap >= 0, "ascending");
      mean += gap / ARRIVALS.length;
      squares += gap * gap / ARRIVALS.length;
      long2 += gap > 0.02 ? 1 : 0;
    }
    assertEquals(0.01, mean, 2e-4);
    assertEquals(1, (squares - mean * mean) / (mean * mean), 0.04, "variance is the mean squared, where even gaps would have none");
    assertEquals(Math.exp(-2), (double) long2 / ARRIVALS.length, 0.005, "share of gaps beyond twice the mean");
  }

  @Test
  void theSeedDecides() {
    assertArrayEquals(ARRIVALS, OpenLoop.arrivals(100, 1000, 7));
    assertFalse(Arrays.equals(ARRIVALS, OpenLoop.arrivals(100, 1000, 8)));
  }

  @Test
  void theLastOneIsInTime() {
    assertTrue(ARRIVALS[ARRIVALS.length - 1] < 1000_000_000_000L);
    assertThrows(IllegalArgumentException.class, () -> OpenLoop.arrivals(0, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> OpenLoop.arrivals(1e9, 1, 1));
  }
}
