package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Native calls that their callers leave behind. */
@Timeout(60)
class LongCallsTest {
  private final AtomicInteger released = new AtomicInteger();
  private final CountDownLatch goOn = new CountDownLatch(1);

  @AfterEach
  void end() throws InterruptedException {
    goOn.countDown();
    while (LongCalls.running() > 0) {
      Thread.sleep(5);
    }
  }

  @Test
  void handsOnResultsAndFailuresAndReleasesOnce() {
    List<String> order = new ArrayList<>();
    LongCalls.run(() -> order.add("call"), () -> order.add("release"), () -> order.add("after"), DecodeCheckpoint.NONE);
    assertEquals(List.of("call", "after", "release"), order);
    IllegalStateException failure = new IllegalStateException("x");
    assertSame(failure, assertThrows(IllegalStateException.class, () -> LongCalls.run(() -> {
      throw failure;
    }, released::incrementAndGet, () -> order.add("not reached"), DecodeCheckpoint.NONE)));
    assertEquals(1, released.get());
    assertEquals(3, order.size());
    assertSame(failure, assertThrows(IllegalStateException.class, () -> LongCalls.run(() -> {}, released::incrementAndGet, () -> {
      throw failure;
    }, DecodeCheckpoint.NONE)));
    assertEquals(2, released.get());
  }

  /** So many calls may be left behind; the next waits, can be stopped while it does, and its memory is released at once. */
  @Test
  void boundsTheCallsThatAreLeftBehind() throws InterruptedException {
    RuntimeException stop = new IllegalStateException("stop");
    for (int i = 0; i < LongCalls.MOST; i++) {
      CountDownLatch begun = new CountDownLatch(1);
      assertSame(stop, assertThrows(RuntimeException.class, () -> LongCalls.run(() -> {
        begun.countDown();
        awaitQuietly(goOn);
      }, released::incrementAndGet, () -> {}, () -> {
        if (begun.getCount() == 0) {
          throw stop;
        }
      })));
    }
    assertEquals(LongCalls.MOST, LongCalls.running());
    assertEquals(0, released.get());
    boolean[] ran = {false};
    int[] checks = {3};
    DecodeCheckpoint third = () -> {
      if (checks[0]-- == 0) {
        throw stop;
      }
    };
    assertSame(stop, assertThrows(RuntimeException.class,
        () -> LongCalls.run(() -> ran[0] = true, released::incrementAndGet, () -> {}, third)));
    assertFalse(ran[0]);
    assertEquals(1, released.get());
    goOn.countDown();
    while (LongCalls.running() > 0) {
      Thread.sleep(5);
    }
    assertEquals(LongCalls.MOST + 1, released.get());
  }

  @Test
  void anInterruptIsKeptForTheCaller() {
    Thread.currentThread().interrupt();
    boolean[] ran = {false};
    LongCalls.run(() -> ran[0] = true, released::incrementAndGet, () -> {}, DecodeCheckpoint.NONE);
    assertTrue(Thread.interrupted());
    assertTrue(ran[0]);
    assertEquals(1, released.get());
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
