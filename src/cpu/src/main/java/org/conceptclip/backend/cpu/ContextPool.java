package org.conceptclip.backend.cpu;

import java.util.ArrayDeque;

/** Worker contexts for threads that are not the pool's own: callers of ops and loaders of weights. Thread-safe. */
final class ContextPool implements AutoCloseable {
  private final OneDnn dnn;
  private final ArrayDeque<WorkerContext> free = new ArrayDeque<>();

  ContextPool(OneDnn dnn) {
    this.dnn = dnn;
  }

  /** A context for the calling thread; it must be released. */
  WorkerContext acquire() {
    dnn.runSequentially();
    synchronized (this) {
      WorkerContext context = free.pollLast();
      return context != null ? context : new WorkerContext(dnn);
    }
  }

  synchronized void release(WorkerContext context) {
    free.addLast(context);
  }

  @Override
  public synchronized void close() {
    free.forEach(WorkerContext::close);
    free.clear();
  }
}
