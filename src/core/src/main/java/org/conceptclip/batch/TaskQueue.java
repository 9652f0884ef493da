package org.conceptclip.batch;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A bounded queue of tasks, the oldest first. It has all its memory from the start: neither end allocates. A task that ends with an error
 * is run again by the same thread, so it must look how far it came. Thread-safe.
 */
final class TaskQueue implements Workers.Source {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Consumer<Runnable> runner;
  private final Taken<Runnable> taken;
  private final Runnable[] tasks;
  private int first;
  private int size;
  private boolean ended;

  /**
   * Makes a queue.
   *
   * @param threads that take tasks
   * @param runner runs a task on the thread that calls it
   */
  TaskQueue(int capacity, int threads, Consumer<Runnable> runner) {
    this.runner = runner;
    this.taken = new Taken<>(threads);
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

  int size() {
    lock.lock();
    try {
      return size;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean runNext() throws InterruptedException {
    Runnable task = taken.ofThisThread();
    if (task == null) {
      task = take();
    }
    if (task == null) {
      return false;
    }
    try {
      runner.accept(task);
    } catch (RuntimeException failure) {
      taken.done();
      throw failure;
    }
    taken.done();
    return true;
  }

  /** Waits for a task; returns {@code null} when there will be none any more. */
  private Runnable take() throws InterruptedException {
    lock.lock();
    try {
      while (size == 0 && !ended) {
        changed.await();
      }
      if (size == 0) {
        return null;
      }
      Runnable task = tasks[first];
      taken.note(task);
      tasks[first] = null;
      first = (first + 1) % tasks.length;
      size--;
      return task;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
