package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.SyntheticModels;
import org.junit.jupiter.api.Test;

class DeviceOpsBenchmarkTest {
  private static final ModelConfig TINY = SyntheticModels.named("synthetic:tiny").orElseThrow();

  private static List<DeviceOpsBenchmark.Row> run(DeviceRoof roofOrNull) {
    try (Backend backend = new ReferenceBackend()) {
      return DeviceOpsBenchmark.run(backend, TINY, roofOrNull, new DeviceOpsBenchmark.Plan(2, 3, 1, 4, 1, 3, 32));
    }
  }

  @Test
  void everyOpOfBothTowersHasItsShapeWorkAndBytes() {
    List<DeviceOpsBenchmark.Row> rows = run(null);
    assertEquals(
        List.of(
            "ceiling, product, 32 x 32 x 32",
            "ceiling, float32 rows scaled, 128 x 32",
            "vision qkv, 32 x 144 x 432",
            "vision attention, 2 sequences, 2 heads of 72",
            "vision projection, 32 x 144 x 144",
            "vision fc1 + GELU, 32 x 144 x 538",
            "vision fc2, 32 x 538 x 144",
            "vision add + LayerNorm, 32 x 144",
            "text qkv, 48 x 96 x 288",
            "text attention, 3 sequences, 4 heads of 24",
            "text projection, 48 x 96 x 96",
            "text fc1 + GELU, 48 x 96 x 384",
            "text fc2, 48 x 384 x 96",
            "text add + LayerNorm, 48 x 96"),
        rows.stream().map(DeviceOpsBenchmark.Row::op).toList());
    DeviceOpsBenchmark.Row qkv = rows.get(2);
    assertEquals(2 * 32 * 144 * 432 / 1e9, qkv.gigaflop(), 1e-15);
    assertEquals(8 * (32 * 144 + 144 * 432 + 32 * 432) / 1e6, qkv.megabytes(), 1e-12, "float64: input, weights, output");
    DeviceOpsBenchmark.Row attention = rows.get(3);
    assertEquals(4.0 * 2 * 16 * 16 * 144 / 1e9, attention.gigaflop(), 1e-15, "two images of 16 tokens");
    assertNull(qkv.roof());
    assertNull(qkv.percentOfRoof());
  }

  @Test
  void theRoofThatBindsIsTheOneNearer() {
    List<DeviceOpsBenchmark.Row> rows = run(new DeviceRoof(1e-3, 1));
    assertTrue(rows.stream().anyMatch(row -> row.micros() > 0), "no op took any time");
    for (DeviceOpsBenchmark.Row row : rows) {
      if (row.micros() <= 0) {
        assertNull(row.percentOfRoof(), row::op);
        continue;
      }
      double tensor = row.teraflops() / 1e-3;
      double memory = row.gigabytes();
      assertEquals(tensor > memory ? "tensor" : "memory", row.roof(), row::op);
      assertEquals(100 * Math.max(tensor, memory), row.percentOfRoof(), 1e-9, row::op);
    }
  }

  @Test
  void copiesOfDataHaveNoArithmetic() {
    DeviceOpsBenchmark.Row stream = run(null).get(1);
    assertEquals(0, stream.gigaflop());
    assertTrue(stream.megabytes() > 0);
  }
}
