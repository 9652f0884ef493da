package org.conceptclip.batch;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Timing by {@link System#nanoTime}, with one thread for alarms. Changes of the machine's wall clock have no effect. */
public final class SystemTiming implements Timing {
  private final long originNanos = System.nanoTime();
  private final ScheduledThreadPoolExecutor alarms =
      new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("conceptclip-timer").factory());

  @Override
  public long nanos() {
    return System.nanoTime() - originNanos;
  }

  @Override
  public void schedule(long atNanos, Runnable task) {
    alarms.schedule(task, Math.max(0, atNanos - nanos()), TimeUnit.NANOSECONDS);
  }

  @Override
  public void close() {
    alarms.shutdownNow();
  }
}
