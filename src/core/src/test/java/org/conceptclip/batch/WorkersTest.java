package org.conceptclip.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WorkersTest {
  /** A thread that is thrown out of a task by an error does the same task again, and the others after it. */
  @Test
  void errorsNeitherEndAThreadNorLoseATask() throws InterruptedException {
    AtomicInteger attempts = new AtomicInteger();
    CountDownLatch next = new CountDownLatch(1);
    TaskQueue queue = new TaskQueue(8, 1, Runnable::run);
    try (Workers workers = new Workers("workers-test", 1, queue)) {
      assertEquals(1, workers.count());
      assertTrue(queue.offer(() -> {
        if (attempts.incrementAndGet() < 3) {
          throw new OutOfMemoryError("planted");
        }
      }));
      assertTrue(queue.offer(() -> Thread.currentThread().interrupt()));
      assertTrue(queue.offer(next::countDown));
      assertTrue(next.await(20, TimeUnit.SECONDS));
    }
    assertEquals(3, attempts.get());
    assertFalse(queue.offer(() -> { }), "a closed queue took a task");
  }

  /** A defect of a task is reported, and the task is not run again. */
  @Test
  void exceptionsAreReported() throws InterruptedException {
    List<Throwable> reported = new CopyOnWriteArrayList<>();
    AtomicInteger attempts = new AtomicInteger();
    TaskQueue queue = new TaskQueue(8, 1, Runnable::run);
    try (Workers workers = new Workers("workers-test", 1, queue)) {
      queue.offer(() -> Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> reported.add(failure)));
      queue.offer(() -> {
        attempts.incrementAndGet();
        throw new IllegalStateException("planted");
      });
      assertEquals(1, workers.count());
    }
    assertEquals(1, attempts.get());
    assertEquals(List.of("planted"), reported.stream().map(Throwable::getMessage).toList());
  }
}
