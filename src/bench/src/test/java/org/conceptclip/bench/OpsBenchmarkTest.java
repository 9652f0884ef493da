package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.conceptclip.backend.Backend;
import org.conceptclip.bench.OpsBenchmark.Op;
import org.conceptclip.bench.OpsBenchmark.Plan;
import org.conceptclip.bench.OpsBenchmark.Timing;
import org.conceptclip.model.SyntheticModels;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.junit.jupiter.api.Test;

class OpsBenchmarkTest {
  private static List<Op> run(Plan plan) {
    try (Backend backend = new ReferenceBackend()) {
      return OpsBenchmark.run(backend, SyntheticModels.named("synthetic:tiny").orElseThrow(), plan);
    }
  }

  @Test
  void everyOpOfBothTowersHasItsShapeWorkAndBytes() {
    List<Op> ops = run(new Plan(2, 3, 32, new Timing.Slope(1, 4, 1, 3)));
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
        ops.stream().map(Op::name).toList());
    Op qkv = ops.get(2);
    assertEquals(2.0 * 32 * 144 * 432, qkv.flops());
    assertEquals(8.0 * (32 * 144 + 144 * 432 + 32 * 432), qkv.bytes(), "float64: input, weights, output");
    assertEquals(4.0 * 2 * 16 * 16 * 144, ops.get(3).flops(), "two images of 16 tokens");
    assertEquals(0, ops.get(1).flops(), "copies of data have no arithmetic");
    assertTrue(ops.get(1).bytes() > 0);
  }

  @Test
  void callsOneByOneNeedNoCeilings() {
    List<Op> ops = run(new Plan(1, 32, 0, new Timing.Calls(0, 0)));
    assertEquals(12, ops.size());
    for (Op op : ops) {
      assertTrue(op.isTimed() && op.gigabytes() > 0, op::toString);
      assertEquals(!op.name().contains("LayerNorm"), op.gflops() > 0, op::toString);
    }
  }

  @Test
  void thereAreFiveSamplesEvenInNoTime() {
    AtomicInteger calls = new AtomicInteger();
    new Timing.Calls(0, 0).nanos(calls::incrementAndGet, () -> {});
    assertEquals(5, calls.get());
  }

  @Test
  void aSlopeLeavesOutWhatOneRunCosts() {
    AtomicInteger queued = new AtomicInteger();
    AtomicInteger runs = new AtomicInteger();
    // The warm-up's calls take 50 times as long: as one sample of four they would raise the upper quartile to 50 ms.
    Runnable settle = () -> sleep(20 + (runs.getAndIncrement() < 2 ? 200 : 4) * queued.getAndSet(0));
    Statistics nanos = new Timing.Slope(1, 11, 1, 3).nanos(queued::incrementAndGet, settle);
    assertEquals(4e6, nanos.median(), 2e6, "4 ms each, and 20 ms of every run dropped out");
    assertTrue(nanos.high() < 30e6, "the warm-up does not count");
    assertEquals(2 * (1 + 3), runs.get());
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
