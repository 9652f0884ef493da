package org.conceptclip.batch;

/** A clock with alarms: the system's, or a simulation's. Thread-safe. */
public interface Timing extends AutoCloseable {
  /** Nanoseconds since an arbitrary moment in the life of this clock. Does not jump when the wall clock is set. */
  long nanos();

  /** Runs {@code task} once, at {@code atNanos} or later, on a thread of this clock. The task must be short. */
  void schedule(long atNanos, Runnable task);

  /** Drops the tasks that have not run. */
  @Override
  void close();
}
