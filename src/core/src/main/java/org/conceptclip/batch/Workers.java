package org.conceptclip.batch;

import java.util.concurrent.locks.LockSupport;
import org.conceptclip.util.Failures;

/**
 * A fixed number of daemon threads that take work from a source until it ends. All are started at once: none has to be started later, when
 * memory may be short. Neither an interrupt nor a failure of the work ends a thread. Thread-safe.
 */
final class Workers implements AutoCloseable {
  private static final long PAUSE_NANOS = 1_000_000;

  private final Source source;
  private final Thread[] threads;

  /** Where threads find work. */
  interface Source {
    /**
     * Waits for work and does it; returns false when there will be none any more. A thread may be thrown out of it at any point by lack of
     * memory, with its exception handlers, see {@link Deliveries}. It calls this again then, and must do the same work again.
     */
    boolean runNext() throws InterruptedException;

    /** Accepts no more work. {@link #runNext} still does what was accepted, then returns false on every thread. */
    void end();
  }

  /**
   * Starts the threads. If one of them cannot be started, ends the others and fails.
   *
   * @param name name of the threads; a number is appended
   */
  Workers(String name, int count, Source source) {
    this.source = source;
    this.threads = new Thread[count];
    for (int i = 0; i < count; i++) {
      threads[i] = Thread.ofPlatform().daemon().name(name + "-" + i).unstarted(this::live);
    }
    int started = 0;
    try {
      while (started < count) {
        threads[started].start();
        started++;
      }
    } catch (Throwable failure) {
      source.end();
      join(started);
      throw failure;
    }
  }

  int count() {
    return threads.length;
  }

  /** Runs once for each thread, and so is never compiled: this handler cannot be lost. */
  private void live() {
    boolean more = true;
    while (more) {
      try {
        work();
        more = false;
      } catch (Throwable shortage) {
        pause();
      }
    }
  }

  private void work() {
    boolean more = true;
    while (more) {
      try {
        more = source.runNext();
      } catch (InterruptedException nobodyMayEndThisThread) {
        // The interrupt came from a decoder or a callback that ran here.
      } catch (Throwable failure) {
        if (Failures.mayPass(failure)) {
          pause();
        } else {
          Failures.report(failure);
        }
      }
    }
  }

  /** Memory that is short does not come back sooner if this thread asks for it without a pause. */
  private static void pause() {
    LockSupport.parkNanos(PAUSE_NANOS);
  }

  /** Waits until all work that was accepted is done and the threads have ended. Keeps the caller's interrupt flag. */
  @Override
  public void close() {
    source.end();
    join(threads.length);
  }

  private void join(int count) {
    boolean interrupted = false;
    int ended = 0;
    while (ended < count) {
      try {
        threads[ended].join();
        ended++;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
