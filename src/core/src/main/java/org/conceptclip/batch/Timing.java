package org.conceptclip.batch;

/** A clock and an alarm: the system's, or a simulation's. Thread-safe. */
public interface Timing extends AutoCloseable {
  /** Nanoseconds since some moment of this clock's life: small, and without gaps of meaning when the wall clock is set. */
  long nanos();

  /** Runs {@code task} once, not before {@code atNanos}, on a thread of this clock. The task must be short. */
  void schedule(long atNanos, Runnable task);

  /** Tasks that have not run are dropped. */
  @Override
  void close();
}
