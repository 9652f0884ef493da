package org.conceptclip.batch;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A bounded queue of tasks, the oldest first. It has all its memory from the start: neither end allocates. A task that ends with an error
 * is run again by the same thread, so it must look how far it came. Thread-safe.
 */
final class TaskQueue extends WorkQueue<Runnable> {
  private final Runnable[] tasks;
  private int first;

  /**
   * Makes a queue.
   *
   * @param threads that take tasks
   * @param runner runs a task on the thread that calls it
   */
  TaskQueue(int capacity, int threads, Consumer<Runnable> runner) {
    super(new ReentrantLock(), threads, runner);
    this.tasks = new Runnable[capacity];
  }

  /** Adds a task; returns false if the queue is full or has ended. */
  boolean offer(Runnable task) {
    lock.lock();
    try {
      if (ended || size == tasks.length) {
        return false;
      }
      tasks[(first + size++) % tasks.length] = task;
      changed.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  Runnable peek() {
    return tasks[first];
  }

  @Override
  void poll() {
    tasks[first] = null;
    first = (first + 1) % tasks.length;
    size--;
  }
}
