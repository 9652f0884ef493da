package org.conceptclip.util;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Work on the threads of the common pool. */
public final class Parallel {
  private static final long PAUSE_NANOS = 100_000;

  private Parallel() {}

  /**
   * Calls {@code task} for 0 to {@code count - 1}, several at once. When this returns or throws, no call runs and none will begin, so the
   * caller may free what they use. A parallel stream gives no such promise: it throws at the first failure, while other calls go on.
   *
   * @return the results in the order of the numbers
   * @throws RuntimeException or an error: what the first call that failed threw; later calls are not begun then
   */
  public static <T> List<T> map(int count, IntFunction<T> task) {
    Object[] results = new Object[count];
    AtomicReference<Throwable> failure = new AtomicReference<>();
    AtomicInteger running = new AtomicInteger();
    try {
      IntStream.range(0, count).parallel().forEach(i -> {
        running.incrementAndGet();
        try {
          if (failure.get() == null) {
            results[i] = task.apply(i);
          }
        } catch (Throwable first) {
          failure.compareAndSet(null, first);
        } finally {
          running.decrementAndGet();
        }
      });
    } catch (Throwable ofTheStream) { // lack of memory for its own tasks, for example
      failure.compareAndSet(null, ofTheStream);
      while (running.get() > 0) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
    switch (failure.get()) {
      case null -> { }
      case RuntimeException unchecked -> throw unchecked;
      case Error error -> throw error;
      case Throwable other -> throw new IllegalStateException("an unchecked call threw a checked exception", other);
    }
    @SuppressWarnings("unchecked") // the array holds results of the task
    List<T> all = (List<T>) Arrays.asList(results);
    return all;
  }
}
