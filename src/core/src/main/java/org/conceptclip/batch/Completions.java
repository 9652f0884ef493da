package org.conceptclip.batch;

import java.util.concurrent.Executor;

/**
 * Threads that complete the callers' futures, so that slow callbacks do not delay a lane. The number of waiting tasks is bounded: when
 * it is reached, the thread that brings the next result runs its callbacks itself. Accepting a task allocates nothing. Thread-safe.
 */
final class Completions implements Executor, AutoCloseable {
  private static final int MOST_WAITING = 4096;

  private final StageClocks clocks;
  private final TaskQueue queue;
  private final Workers workers;

  Completions(int threads, StageClocks clocks) {
    this.clocks = clocks;
    this.queue = new TaskQueue(MOST_WAITING, threads, this::run);
    this.workers = new Workers("conceptclip-complete", threads, queue);
  }

  int threads() {
    return workers.count();
  }

  int waiting() {
    return queue.size();
  }

  @Override
  public void execute(Runnable task) {
    if (!queue.offer(task)) {
      run(task);
    }
  }

  private void run(Runnable task) {
    long begin = System.nanoTime();
    try {
      task.run();
    } finally {
      clocks.add(Stage.COMPLETE, System.nanoTime() - begin, 0);
    }
  }

  /** Waits until the threads have run all waiting tasks and ended. */
  @Override
  public void close() {
    workers.close();
  }
}
