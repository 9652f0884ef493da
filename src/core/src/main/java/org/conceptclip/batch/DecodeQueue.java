package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Images that wait for a thread: higher priorities first, callers of one priority evenly. Bounded by the batcher's admission. Its lock is
 * that of the stage. Thread-safe.
 */
final class DecodeQueue extends WorkQueue<DecodeTask> {
  /** In the order of the priorities. */
  private final List<FairQueue<DecodeTask>> byPriority = new ArrayList<>();

  /**
   * Makes a queue.
   *
   * @param threads that take images
   * @param decoder decodes an image on the thread that took it; does not throw
   */
  DecodeQueue(ReentrantLock lock, int threads, Consumer<DecodeTask> decoder) {
    super(lock, threads, decoder);
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

  @Override
  DecodeTask peek() {
    return byPriority.get(firstPriority()).peek();
  }

  @Override
  void poll() {
    DecodeTask task = byPriority.get(firstPriority()).poll();
    removed(task);
    task.worker = Thread.currentThread();
  }

  private int firstPriority() {
    int priority = 0;
    while (byPriority.get(priority).isEmpty()) {
      priority++;
    }
    return priority;
  }
}
