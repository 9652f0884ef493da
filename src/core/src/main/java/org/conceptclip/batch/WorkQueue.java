package org.conceptclip.batch;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Work that waits for a few threads. A thread notes what it takes, and finds it again if it is thrown out of the work, see {@link
 * Workers.Source#runNext}. Taking allocates nothing. Thread-safe.
 */
abstract class WorkQueue<T> implements Workers.Source {
  final ReentrantLock lock;
  /** Signalled when work is added. */
  final Condition changed;
  /** Pieces of work that no thread has taken. Guarded by the lock. */
  int size;
  /** Whether no more work is accepted. Guarded by the lock. */
  boolean ended;

  private final Consumer<T> runner;
  private final Taken<T> taken;

  /**
   * Makes a queue.
   *
   * @param threads that take work
   * @param runner does a piece of work on the thread that took it
   */
  WorkQueue(ReentrantLock lock, int threads, Consumer<T> runner) {
    this.lock = lock;
    this.changed = lock.newCondition();
    this.runner = runner;
    this.taken = new Taken<>(threads);
  }

  /** The next piece of work. There is one. Called with the lock held; allocates nothing. */
  abstract T peek();

  /** Removes what {@link #peek} returns, for this thread. Called with the lock held; allocates nothing. */
  abstract void poll();

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
    T task = taken.ofThisThread();
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

  /** Waits for work; returns {@code null} when there will be none any more. */
  private T take() throws InterruptedException {
    lock.lock();
    try {
      while (size == 0 && !ended) {
        changed.await();
      }
      if (size == 0) {
        return null;
      }
      T task = peek();
      taken.note(task);
      poll();
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
