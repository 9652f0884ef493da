package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Precision;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;

class SetupTest {
  private static final Setup SETUP =
      new Setup("synthetic:tiny", "cpu", BackendRequest.DEFAULT.withThreads(2), 4, BatcherOptions.DEFAULT);

  @Test
  void namedOptionsAreChangedAndTheOthersAreNot() {
    assertEquals(SETUP.withBatch(8), SETUP.with("batch=8"));
    assertEquals(SETUP.withPrecision(Precision.BF16).withModel("m"), SETUP.with("precision=bf16, model=m"));
    assertEquals(new BatcherOptions(Duration.ZERO, 3), SETUP.with("max-wait=0ms,queue-batches=3").batching());
    assertEquals("reference", SETUP.with("backend=reference").backend());
    assertEquals(1, SETUP.with("threads=1").usedThreads());
  }

  @Test
  void whatIsNoOptionIsNamed() {
    for (String wrong : new String[] {"batch", "batch=", "batch=many", "batch=-1", "colour=red", "max-wait=5", "queue-batches=0"}) {
      BadInputException refusal = assertThrows(BadInputException.class, () -> SETUP.with(wrong), wrong);
      assertTrue(refusal.getMessage().contains(wrong.split("=")[0]), refusal.getMessage());
    }
  }

  @Test
  void durationsAreReadAsPeopleWriteThem() {
    assertEquals(Duration.ofNanos(2_500_000), Setup.duration("2.5ms"));
    assertEquals(Duration.ofNanos(250_000), Setup.duration("250us"));
    assertEquals(Duration.ofSeconds(1), Setup.duration("1s"));
    assertEquals("2.5ms", Setup.text(Setup.duration("2.5ms")));
    assertThrows(IllegalArgumentException.class, () -> Setup.duration("-1ms"));
    assertThrows(IllegalArgumentException.class, () -> Setup.duration("NaNs"));
  }

  @Test
  void loadsAreRatesOrSharesOfTheCapacity() {
    assertEquals(120, BenchPlan.Load.parse("120").perSecond(1000));
    assertEquals(800, BenchPlan.Load.parse("0.8x").perSecond(1000));
    assertTrue(BenchPlan.Load.parse("3x").isOverload() && !BenchPlan.Load.parse("3").isOverload());
    assertThrows(IllegalArgumentException.class, () -> BenchPlan.Load.parse("-1x"));
  }
}
