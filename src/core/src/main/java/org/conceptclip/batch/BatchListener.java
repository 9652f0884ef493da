package org.conceptclip.batch;

/**
 * Is told what a batcher does: for metrics and traces. Called on the batcher's threads, by several at once, outside its locks: must be
 * quick and must not throw.
 */
public interface BatchListener<K> {
  /** How a request ended. */
  enum Outcome { DONE, FAILED, CANCELLED, EXPIRED, CLOSED }

  /** A request got a place. */
  default void admitted(K kind, Priority priority, int cost) {}

  /** A request was refused, for overload. */
  default void refused(K kind, Priority priority, int cost) {}

  /**
   * An admitted request ended.
   *
   * @param waitNanos from being ready to its batch's begin; 0 if it never began
   * @param totalNanos from admission to its end
   */
  default void ended(K kind, Priority priority, Outcome outcome, long waitNanos, long totalNanos) {}

  /** A batch was given to a replica. */
  default void batchBegan(K kind, String replica, int requests, long cost) {}

  /** A batch ended, well or not. */
  default void batchEnded(BatchReport<K> report) {}

  /** A replica will get no more batches. */
  default void replicaLost(String replica, Throwable cause) {}
}
