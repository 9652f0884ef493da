package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Supplier;

/**
 * Threads that take items from a queue until {@link #close} ends them. An interrupt does not end them, so every accepted item is
 * processed. Thread-safe.
 */
final class Workers<T> implements AutoCloseable {
  private final BlockingQueue<T> queue;
  private final T end;
  private final List<Thread> threads = new ArrayList<>();

  /** Processes the items of one thread. What it throws goes to the thread's handler of uncaught exceptions; the thread continues. */
  interface Worker<T> extends AutoCloseable {
    void work(T item);

    @Override
    default void close() {}
  }

  /**
   * Starts the threads.
   *
   * @param name name of the threads; a number is appended
   * @param end an item that ends the thread that takes it; must be the last in the queue's order
   * @param workers makes the worker of each thread; called on that thread
   */
  Workers(String name, int count, BlockingQueue<T> queue, T end, Supplier<? extends Worker<? super T>> workers) {
    this.queue = queue;
    this.end = end;
    for (int i = 0; i < count; i++) {
      threads.add(Thread.ofPlatform().daemon().name(name + "-" + i).start(() -> run(workers)));
    }
  }

  int count() {
    return threads.size();
  }

  /** Items that no thread has taken. */
  Queue<T> waiting() {
    return queue;
  }

  void add(T item) {
    queue.add(item);
  }

  private void run(Supplier<? extends Worker<? super T>> workers) {
    try (Worker<? super T> worker = workers.get()) {
      for (T item = take(); item != end; item = take()) {
        try {
          worker.work(item);
        } catch (Throwable failure) {
          // A defect, or no memory. The handler reports it to the program; the next item must still be processed.
          Thread thread = Thread.currentThread();
          thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
        }
      }
    }
  }

  private T take() {
    while (true) {
      try {
        return queue.take();
      } catch (InterruptedException e) {
        // Only close() ends this thread.
      }
    }
  }

  /** Waits until the threads have processed the whole queue and ended. An interrupt of the caller sets its interrupt flag at the end. */
  @Override
  public void close() {
    threads.forEach(thread -> queue.add(end));
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
