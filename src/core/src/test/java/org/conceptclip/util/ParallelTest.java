package org.conceptclip.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ParallelTest {
  @Test
  void resultsAreInTheOrderOfTheNumbers() {
    assertEquals(List.of(0, 1, 4, 9, 16), Parallel.map(5, i -> i * i));
    assertEquals(List.of(), Parallel.map(0, i -> i));
  }

  /** One call fails while another runs: the failure comes when the other has ended. */
  @Test
  @Timeout(60)
  void nothingRunsAfterAFailure() {
    IllegalArgumentException failure = new IllegalArgumentException("planted");
    int other = Runtime.getRuntime().availableProcessors() > 1 ? 1 : 0;
    for (int round = 0; round < 50; round++) {
      AtomicInteger running = new AtomicInteger();
      CountDownLatch begun = new CountDownLatch(other);
      assertSame(failure, assertThrows(IllegalArgumentException.class, () -> Parallel.map(8, i -> {
        running.incrementAndGet();
        try {
          if (i == 0) {
            assertTrue(other == 0 || begun.await(20, TimeUnit.SECONDS), "nothing else runs");
            throw failure;
          }
          begun.countDown();
          Thread.sleep(5);
          return i;
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        } finally {
          running.decrementAndGet();
        }
      })));
      assertEquals(0, running.get());
    }
  }
}
