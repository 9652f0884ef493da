package org.conceptclip.batch;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A fixed number of daemon threads, started at once. An interrupt of one of them does not end it, and {@link #close} runs the whole queue,
 * so every accepted task is run.
 */
final class Workers extends ThreadPoolExecutor {
  /** @param name name of the threads; a number is appended */
  Workers(String name, int count, BlockingQueue<Runnable> queue) {
    super(count, count, 0, TimeUnit.SECONDS, queue, Thread.ofPlatform().daemon().name(name + "-", 0).factory());
    prestartAllCoreThreads();
  }

  /** Number of tasks that no thread has taken. */
  int waiting() {
    return getQueue().size();
  }

  /** Waits until the threads have run the whole queue and ended. An interrupt of the caller sets its interrupt flag at the end. */
  @Override
  public void close() {
    shutdown();
    boolean interrupted = false;
    while (!isTerminated()) {
      try {
        awaitTermination(1, TimeUnit.DAYS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
