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
  /** In the order of the priorities. */
  private final List<FairQueue<DecodeTask>> byPriority = new ArrayList<>();
  private int size;
  private boolean ended;

  /** @param decoder decodes an image on the thread that took it; does not throw */
  DecodeQueue(ReentrantLock lock, Consumer<DecodeTask> decoder) {
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
    DecodeTask task;
    lock.lock();
    try {
      while (size == 0 && !ended) {
        changed.await();
      }
      if (size == 0) {
        return false;
      }
      task = poll();
    } finally {
      lock.unlock();
    }
    decoder.accept(task);
    return true;
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
