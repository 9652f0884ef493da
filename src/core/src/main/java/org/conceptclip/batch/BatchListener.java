package org.conceptclip.batch;

/**
 * Receives the events of a batcher, for metrics and traces. Methods are called outside the batcher's lock, by several threads at
 * once. Implementations must be thread-safe and fast, and must not throw. What they throw all the same goes to the thread's handler of
 * uncaught exceptions and affects nothing else.
 */
public interface BatchListener<K> {
  /** How a request ended. */
  enum Ending { DONE, FAILED, CANCELLED, EXPIRED, CLOSED }

  /** A request was admitted. */
  default void admitted(K kind, Priority priority, int cost) {}

  /** A request was rejected because of overload. */
  default void refused(K kind, Priority priority, int cost) {}

  /**
   * An admitted request ended.
   *
   * @param waitNanos from the moment its payload was ready to the start of its batch; 0 if no batch started
   * @param totalNanos from its admission to its end
   */
  default void ended(K kind, Priority priority, Ending ending, long waitNanos, long totalNanos) {}

  /** A batch was given to a replica. */
  default void batchBegan(K kind, String replica, int requests, long cost) {}

  /** A batch ended, successfully or not. */
  default void batchEnded(BatchReport<K> report) {}

  /** A replica has lost its device and gets no more batches. */
  default void replicaLost(String replica, Throwable cause) {}
}
