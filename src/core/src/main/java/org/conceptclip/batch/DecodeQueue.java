package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Images that wait for a thread: higher priorities first, callers of one priority evenly. Bounded by the batcher's admission. Its lock is
 * that of the stage. Thread-safe.
 */
final class DecodeQueue implements Workers.Source {
  private final ReentrantLock lock;
  private final Condition changed;
  private final Consumer<DecodeTask> decoder;
  private final Taken<DecodeTask> taken;
  /** In the order of the priorities. */
  private final List<FairQueue<DecodeTask>> byPriority = new ArrayList<>();
  private int size;
  private boolean ended;

  /**
   * Makes a queue.
   *
   * @param threads that take images
   * @param decoder decodes an image on the thread that took it; does not throw
   */
  DecodeQueue(ReentrantLock lock, int threads, Consumer<DecodeTask> decoder) {
    this.taken = new Taken<>(threads);
    this.lock = lock;
    this.changed = lock.newCondition();
    this.decoder = decoder;
    for (int i = 0; i < Priority.values().length; i++) {
      byPriority.add(new FairQueue<>());
    }
  }

  /** Adds an image. Changes nothing if memory does not suffice. */
  void add(DecodeTask task) {
    lock.lock();
    try {
      FairQueue<DecodeTask> queue = byPriority.get(task.priority.ordinal());
      queue.join(task);
      queue.add(task);
      task.waitsIn = this;
      task.worker = null;
      size++;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Removes an image that waits here. Called with the lock held. */
  void remove(DecodeTask task) {
    byPriority.get(task.priority.ordinal()).remove(task);
    removed(task);
  }

  private void removed(DecodeTask task) {
    byPriority.get(task.priority.ordinal()).leave(task);
    task.waitsIn = null;
    size--;
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
    DecodeTask task = taken.ofThisThread();
    if (task == null) {
      task = take();
    }
    if (task == null) {
      return false;
    }
    try {
      decoder.accept(task);
    } catch (RuntimeException failure) {
      taken.done();
      throw failure;
    }
    taken.done();
    return true;
  }

  /** Waits for an image; returns {@code null} when there will be none any more. */
  private DecodeTask take() throws InterruptedException {
    lock.lock();
    try {
      while (size == 0 && !ended) {
        changed.await();
      }
      if (size == 0) {
        return null;
      }
      DecodeTask task = poll();
      taken.note(task);
      task.worker = Thread.currentThread();
      return task;
    } finally {
      lock.unlock();
    }
  }

  private DecodeTask poll() {
    int priority = 0;
    while (byPriority.get(priority).isEmpty()) {
      priority++;
    }
    DecodeTask task = byPriority.get(priority).poll();
    removed(task);
    return task;
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
