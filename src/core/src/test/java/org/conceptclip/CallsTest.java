package org.conceptclip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.conceptclip.batch.BatcherClosedException;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class CallsTest {
  private final BadInputException bad = new BadInputException("planted");

  @Test
  void failuresComeAsThemselves() {
    assertSame(bad, assertThrows(BadInputException.class, () -> Calls.call(() -> CompletableFuture.failedFuture(bad))));
    OutOfMemoryError error = new OutOfMemoryError("planted");
    assertSame(error, assertThrows(OutOfMemoryError.class, () -> Calls.call(() -> CompletableFuture.failedFuture(error))));
    assertInstanceOf(BatcherClosedException.class, assertThrows(IllegalStateException.class, () -> Calls.submit(() -> {
      throw new BatcherClosedException("planted");
    })).getCause());
  }

  @Test
  void anInterruptCancelsAndIsKept() {
    CompletableFuture<String> never = new CompletableFuture<>();
    Thread.currentThread().interrupt();
    assertThrows(InterruptedCallException.class, () -> Calls.await(never));
    assertTrue(Thread.interrupted(), "the interrupt was lost");
    assertTrue(never.isCancelled());
    assertThrows(InterruptedCallException.class, () -> Calls.submit(() -> {
      throw new InterruptedException();
    }));
    assertTrue(Thread.interrupted(), "the interrupt was lost");
  }

  @Test
  void aMappedFutureHasTheSourcesFailureAndHandsItsOwnEndBack() {
    assertEquals(3, Calls.map(CompletableFuture.completedFuture("abc"), String::length).join());
    CompletableFuture<Integer> failed = Calls.map(CompletableFuture.<String>failedFuture(bad), String::length);
    assertSame(bad, failed.exceptionNow());

    CompletableFuture<String> source = new CompletableFuture<>();
    assertTrue(Calls.map(source, String::length).cancel(true));
    assertTrue(source.isCancelled());

    CompletableFuture<String> slow = new CompletableFuture<>();
    CompletableFuture<Integer> timed = Calls.map(slow, String::length).orTimeout(1, TimeUnit.MILLISECONDS);
    assertInstanceOf(TimeoutException.class, assertThrows(ExecutionException.class, timed::get).getCause());
    // The thread that ends the timed future wakes its waiters first, and hands the end back afterwards.
    assertThrows(CancellationException.class, () -> slow.get(10, TimeUnit.SECONDS));

    CompletableFuture<Integer> broken = Calls.map(CompletableFuture.completedFuture("abc"), text -> {
      throw bad;
    });
    assertSame(bad, broken.exceptionNow());
  }

  @Test
  void anOutcomeIsOneOfTwo() {
    assertEquals("r", Outcome.done("i", "r").orThrow());
    assertSame(bad, assertThrows(BadInputException.class, () -> Outcome.failed("i", bad).orThrow()));
    assertFalse(Outcome.failed("i", bad).isDone());
    assertThrows(IllegalArgumentException.class, () -> new Outcome<>("i", "r", bad));
    assertThrows(IllegalArgumentException.class, () -> new Outcome<>("i", null, null));
  }
}
