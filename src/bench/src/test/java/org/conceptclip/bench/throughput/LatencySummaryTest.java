package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class LatencySummaryTest {
  @Test
  void percentilesAreValuesThatWereMeasured() {
    LatencySummary hundred = LatencySummary.of(LongStream.rangeClosed(1, 100).map(i -> 101 - i).toArray());
    assertEquals(1, hundred.nanos(0));
    assertEquals(7, hundred.nanos(0.07));
    assertEquals(50, hundred.nanos(0.5));
    assertEquals(99, hundred.nanos(0.99));
    assertEquals(100, hundred.nanos(0.991));
    assertEquals(100, hundred.nanos(1));
    assertEquals(LatencySummary.QUANTILES.size(), hundred.curveMillis().length);
  }

  @Test
  void oneRequestIsEveryPercentile() {
    assertEquals(5e-6, LatencySummary.of(new long[] {5}).millis(0.99));
  }

  @Test
  void noRequestHasNoPercentile() {
    assertTrue(Double.isNaN(LatencySummary.of(new long[0]).nanos(0.5)));
  }

  @Test
  void theCallersArrayIsNotSorted() {
    long[] values = {3, 1};
    LatencySummary.of(values);
    assertArrayEquals(new long[] {3, 1}, values);
    assertThrows(IllegalArgumentException.class, () -> LatencySummary.of(values).nanos(1.1));
  }
}
