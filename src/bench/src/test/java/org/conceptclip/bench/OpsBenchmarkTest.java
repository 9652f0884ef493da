package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.model.SyntheticModels;
import org.junit.jupiter.api.Test;

class OpsBenchmarkTest {
  @Test
  void everyOpOfBothBlocksIsTimed() {
    try (ReferenceBackend backend = new ReferenceBackend()) {
      List<OpsBenchmark.Row> rows = OpsBenchmark.run(
          backend, SyntheticModels.named("synthetic:tiny").orElseThrow(), new MultiplyAddPeak(100, 200),
          new OpsBenchmark.Timing(0, 0));
      assertEquals(12, rows.size());
      for (OpsBenchmark.Row row : rows) {
        assertTrue(row.micros() > 0 && row.gigabytes() > 0, row::toString);
        if (row.op().contains("LayerNorm")) {
          assertNull(row.percentOfPeak());
        } else {
          assertNotNull(row.percentOfPeak());
          assertEquals(row.gflops(), row.percentOfPeak(), 1e-9, "of a roof of 100 GFLOP/s");
        }
      }
    }
  }
}
