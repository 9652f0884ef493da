package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Map;
import java.util.Optional;
import org.conceptclip.bench.MultiplyAddPeak;
import org.conceptclip.bench.OpsBenchmark.Op;
import org.conceptclip.bench.Roof;
import org.conceptclip.bench.Statistics;
import org.junit.jupiter.api.Test;

class OpsSectionTest {
  /** 2 GFLOP and 4 MB in a millisecond: 2000 GFLOP/s and 4 GB/s. */
  private static final Op PRODUCT = new Op("product", Statistics.of(1e6), 2e9, 4e6);

  private static BenchRow row(Op op, Roof roofOrNull) {
    return OpsSection.row(
        new BenchRow.Builder(Section.OPS, Rows.ORIGIN, Rows.SUBJECT, op.name(), "ours"), op, Optional.ofNullable(roofOrNull));
  }

  @Test
  void theRoofThatBindsIsTheOneNearer() {
    BenchRow arithmetic = row(PRODUCT, new Roof(4000, 100));
    assertEquals("arithmetic", arithmetic.limit());
    assertEquals(50, arithmetic.figures().get("percentOfRoof"), 1e-9);
    BenchRow memory = row(PRODUCT, new Roof(1e6, 5));
    assertEquals("memory", memory.limit());
    assertEquals(80, memory.figures().get("percentOfRoof"), 1e-9);
  }

  @Test
  void timesAreMicrosecondsAndWorkIsCounted() {
    BenchRow row = row(new Op("product", Statistics.of(1e6, 2e6, 3e6), 2e9, 4e6), null);
    assertEquals("us", row.unit());
    assertEquals(2000, row.median());
    assertEquals(1500, row.low());
    assertEquals(Map.of("gigaflop", 2.0, "megabytes", 4.0, "gflops", 1000.0, "gigabytesPerSecond", 2.0), row.figures());
    assertNull(row.limit(), "no roof is known");
  }

  @Test
  void onTheCpuAnOpWithoutMultiplyAddsHasNoRoof() {
    BenchRow norm = row(new Op("norm", Statistics.of(1e6), 0, 4e6), new MultiplyAddPeak(100, 200).roof(false));
    assertEquals(Map.of("gigaflop", 0.0, "megabytes", 4.0, "gigabytesPerSecond", 4.0), norm.figures());
    BenchRow product = row(PRODUCT, new MultiplyAddPeak(100, 200).roof(true));
    assertEquals(1000, product.figures().get("percentOfRoof"), 1e-9, "of 200 GFLOP/s in bfloat16");
    assertFalse(product.figures().containsKey("roofGigabytesPerSecond"), "the rate of memory is not known");
  }

  @Test
  void anOpLostInNoiseHasNoRates() {
    BenchRow noise = row(new Op("norm", Statistics.of(-5, 0), 2e9, 4e6), new Roof(1, 1));
    assertEquals(Map.of("gigaflop", 2.0, "megabytes", 4.0), noise.figures());
    assertNull(noise.limit());
  }
}
