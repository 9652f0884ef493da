package org.conceptclip.bench.throughput;

import java.util.concurrent.locks.LockSupport;
import org.conceptclip.bench.ContestantFailedException;

/** The clock of an open-loop load: the system's, or a test's. */
interface LoadClock {
  /** {@link System#nanoTime}. It sleeps: a loop that spins until then would take a core from what is measured. */
  LoadClock SYSTEM = new LoadClock() {
    @Override
    public long nanos() {
      return System.nanoTime();
    }

    @Override
    public void sleepUntil(long nanos) {
      for (long left = nanos - System.nanoTime(); left > 0; left = nanos - System.nanoTime()) {
        if (Thread.interrupted()) {
          throw new ContestantFailedException("interrupted while load was generated");
        }
        LockSupport.parkNanos(left);
      }
    }
  };

  long nanos();

  /** Returns at this moment or later, at once when it has passed. */
  void sleepUntil(long nanos);
}
