package org.conceptclip.batch;

/** A clock with alarms: the system's, or a simulation's. Thread-safe. */
public interface Timing extends AutoCloseable {
  /** Nanoseconds since an arbitrary moment in the life of this clock. Does not jump when the wall clock is set. */
  long nanos();

  /** Makes an alarm that runs {@code task}, which must be short, on a thread of this clock. */
  Alarm alarm(Runnable task);

  /** Runs its task at the earliest of the moments that were set since it last ran, or later. Thread-safe. */
  interface Alarm {
    /** Sets a moment. Never waits, and never fails: it allocates nothing. */
    void set(long atNanos);
  }

  /** Drops the tasks that have not run. */
  @Override
  void close();
}
