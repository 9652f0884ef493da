package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoding;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What callers' callbacks may do on the engine's threads. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EngineCallbacksTest {
  @Test
  void callbacksThatThrowHarmNobody() throws Exception {
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, EngineFixture.cpu())) {
      for (Throwable thrown : List.of(new IllegalStateException("planted"), new OutOfMemoryError("planted"), new StackOverflowError())) {
        CompletableFuture<Encoding> source = fixture.submit(1);
        CompletableFuture<Object> failing = source.thenApply(encoding -> {
          throw Failing.sneaky(thrown);
        });
        assertEquals(thrown, EngineFixture.failure(Throwable.class, failing));
        assertTrue(fixture.submit(2).join().features().shape().elements() > 0);
      }
    }
  }

  /** Throws what the compiler thinks is unchecked. */
  private static final class Failing {
    @SuppressWarnings("unchecked") // the cast is not made at run time, which is the purpose
    static <T extends Throwable> RuntimeException sneaky(Throwable failure) throws T {
      throw (T) failure;
    }
  }

  @Test
  void callbacksMaySubmitAndCancel() throws Exception {
    try (EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, EngineFixture.cpu())) {
      List<CompletableFuture<Encoding>> chains = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        chains.add(chain(fixture, 5));
      }
      for (CompletableFuture<Encoding> chain : chains) {
        assertTrue(chain.join().features().shape().elements() > 0);
      }
    }
  }

  /** Requests each of which is submitted by the callback of the one before. */
  private static CompletableFuture<Encoding> chain(EngineFixture fixture, int length) {
    return fixture.engine.submitImage(EngineFixture.input(length), Detail.FEATURES, RequestOptions.DEFAULT).thenCompose(encoding -> {
      fixture.engine.submitText(EngineFixture.text(length, 3), Detail.FEATURES, RequestOptions.DEFAULT).cancel(false);
      return length == 0 ? CompletableFuture.completedFuture(encoding) : chain(fixture, length - 1);
    });
  }

  @Test
  void callbacksThatBlockOrCloseDelayOutcomesAndLoseNone() throws Exception {
    CountDownLatch attached = new CountDownLatch(1);
    CountDownLatch open = new CountDownLatch(1);
    FaultyBackend backend = new FaultyBackend(EngineFixture.cpu());
    backend.happens(images -> await(attached));
    List<CompletableFuture<Encoding>> futures = new ArrayList<>();
    List<CompletableFuture<Throwable>> refusals = new ArrayList<>();
    EngineFixture fixture = new EngineFixture(EngineFixture.PLAIN, backend);
    for (int i = 0; i < 4; i++) {
      CompletableFuture<Encoding> future = fixture.submit(i);
      future.thenAccept(encoding -> await(open));
      refusals.add(future.handle((encoding, failure) -> assertThrows(IllegalStateException.class, fixture.engine::close)));
      futures.add(future);
    }
    attached.countDown();
    open.countDown();
    refusals.forEach(CompletableFuture::join);
    fixture.close();
    futures.forEach(future -> assertTrue(future.isDone()));
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
