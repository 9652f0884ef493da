package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Supplier;

/**
 * Threads that take items from a queue until they are told to end. An interrupt does not end them, as only {@link #close} does: an item
 * that was accepted is worked on. Thread-safe.
 */
final class Workers<T> implements AutoCloseable {
  private final BlockingQueue<T> queue;
  private final T end;
  private final List<Thread> threads = new ArrayList<>();

  /** What one thread does with its items. What it throws goes to the thread's handler of uncaught exceptions, and the thread goes on. */
  interface Worker<T> extends AutoCloseable {
    void work(T item);

    @Override
    default void close() {}
  }

  /**
   * Starts the threads.
   *
   * @param name of the threads, before their number
   * @param end an item that ends the thread that takes it, behind all others in the queue's order
   * @param workers one for each thread, made on it
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
          // A defect, or no memory. It is for the program to know; the next item still has to be worked on.
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
        // Nobody who may end this thread does it by an interrupt.
      }
    }
  }

  /** Lets the threads do what is in the queue, and waits for their end. An interrupt of the caller is kept for later. */
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
