package org.conceptclip.batch;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.conceptclip.util.Failures;
import org.conceptclip.util.Nanos;

/** Timing by {@link System#nanoTime}, with one thread for alarms. Changes of the machine's wall clock have no effect. */
public final class SystemTiming implements Timing {
  private final long originNanos = System.nanoTime();
  private final Thread thread = Thread.ofPlatform().daemon().name("conceptclip-timer").unstarted(this::run);
  private volatile Wake[] alarms = new Wake[0];
  private volatile boolean closed;

  /** Starts the thread. */
  public SystemTiming() {
    thread.start();
  }

  private final class Wake implements Alarm {
    private final AtomicLong atNanos = new AtomicLong(Nanos.NEVER);
    private final Runnable task;

    Wake(Runnable task) {
      this.task = task;
    }

    @Override
    public void set(long moment) {
      long set = atNanos.get();
      while (moment < set && !atNanos.compareAndSet(set, moment)) {
        set = atNanos.get();
      }
      if (moment < set) {
        LockSupport.unpark(thread);
      }
    }

    void runIfDue(long nowNanos) {
      if (atNanos.get() <= nowNanos) {
        // First: what the task sets is for the next time.
        atNanos.set(Nanos.NEVER);
        try {
          task.run();
        } catch (Throwable failure) { // the thread must live for the other alarms
          Failures.report(failure);
        }
      }
    }
  }

  @Override
  public long nanos() {
    return System.nanoTime() - originNanos;
  }

  @Override
  public synchronized Alarm alarm(Runnable task) {
    Wake alarm = new Wake(task);
    Wake[] more = Arrays.copyOf(alarms, alarms.length + 1);
    more[alarms.length] = alarm;
    alarms = more;
    return alarm;
  }

  private void run() {
    while (!closed) {
      Wake[] all = alarms;
      long now = nanos();
      long next = Nanos.NEVER;
      for (int i = 0; i < all.length; i++) {
        all[i].runIfDue(now);
        next = Math.min(next, all[i].atNanos.get());
      }
      // A moment that is set from now on unparks the thread, also before it parks. An interrupt must not make this loop spin.
      Thread.interrupted();
      if (!closed && next == Nanos.NEVER) {
        LockSupport.park(this);
      } else if (!closed) {
        LockSupport.parkNanos(this, next - nanos());
      }
    }
  }

  /** Ends the thread, without waiting for it. */
  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }
}
