package org.conceptclip.batch;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/** A bounded queue of tasks, the oldest first. It has all its memory from the start: neither end allocates. Thread-safe. */
final class TaskQueue implements Workers.Source {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Consumer<Runnable> runner;
  private final Runnable[] tasks;
  private int first;
  private int size;
  private boolean ended;

  /** @param runner runs a task on the thread that calls it */
  TaskQueue(int capacity, Consumer<Runnable> runner) {
    this.runner = runner;
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
    Runnable task;
    lock.lock();
    try {
      while (size == 0 && !ended) {
        changed.await();
      }
      if (size == 0) {
        return false;
      }
      task = tasks[first];
      tasks[first] = null;
      first = (first + 1) % tasks.length;
      size--;
    } finally {
      lock.unlock();
    }
    runner.accept(task);
    return true;
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
