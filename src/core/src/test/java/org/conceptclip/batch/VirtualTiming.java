package org.conceptclip.batch;

import java.util.Comparator;
import java.util.PriorityQueue;

/** Time that passes only when somebody looks at the next thing to do. Tasks of one moment run in the order that they were set. */
final class VirtualTiming implements Timing {
  private record Task(long atNanos, long number, Runnable action) {}

  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(Comparator.comparingLong(Task::atNanos).thenComparingLong(Task::number));
  private long nowNanos;
  private long nextNumber;
  private long lastJumpNanos = -1;

  @Override
  public long nanos() {
    return nowNanos;
  }

  @Override
  public Alarm alarm(Runnable task) {
    return new Alarm() {
      private long setNanos = Long.MAX_VALUE;

      @Override
      public void set(long atNanos) {
        if (atNanos < setNanos) {
          setNanos = atNanos;
          schedule(atNanos, () -> {
            // If an earlier moment was set after this one, the task has run then.
            if (setNanos == atNanos) {
              setNanos = Long.MAX_VALUE;
              task.run();
            }
          });
        }
      }
    };
  }

  /** Runs a task of the simulation at a moment. */
  void schedule(long atNanos, Runnable task) {
    tasks.add(new Task(atNanos, nextNumber++, task));
  }

  /** The machine slept, or the process was stopped: the clock is ahead and nothing has run. */
  void jump(long nanos) {
    nowNanos += nanos;
    lastJumpNanos = nowNanos;
  }

  /** When the clock last jumped; -1 if it never did. */
  long lastJumpNanos() {
    return lastJumpNanos;
  }

  /** Runs the next task. False when there is none. */
  boolean runNext() {
    Task task = tasks.poll();
    if (task == null) {
      return false;
    }
    nowNanos = Math.max(nowNanos, task.atNanos());
    task.action().run();
    return true;
  }

  @Override
  public void close() {
    tasks.clear();
  }
}
