package org.conceptclip.backend.cpu;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Fork and join over a few threads. The caller works too. Tasks are taken from a counter, so a core that is busy with other work takes
 * fewer of them. Several callers may run jobs at once: the threads of the pool take tasks of all open jobs in turn, and a caller whose
 * job gets none of them does it alone.
 *
 * <p>Threads that find nothing to do spin for a moment, since a tower asks again within microseconds, then sleep.
 */
final class WorkerPool implements AutoCloseable {
  /** One piece of a job; may run on any worker, with that worker's context. */
  interface Task {
    void run(int index, WorkerContext context);
  }

  private static final long SPIN_NANOS = 50_000;
  private static final Job[] NO_JOBS = {};

  private final OneDnn dnn;
  private final Worker[] workers;
  private final Object jobsLock = new Object();
  private volatile Job[] jobs = NO_JOBS;
  private volatile boolean stopping;

  /** A pool of {@code threads} threads, of which the caller of {@link #run} is one. */
  WorkerPool(OneDnn dnn, int threads) {
    this.dnn = dnn;
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker("conceptclip-cpu-" + (i + 1));
    }
    for (Worker worker : workers) {
      worker.start();
    }
  }

  int threads() {
    return workers.length + 1;
  }

  /** Runs tasks 0 to {@code count - 1} and returns when all are done; the first failure is thrown. */
  void run(int count, WorkerContext own, Task task) {
    dnn.runSequentially();
    if (count <= 1 || workers.length == 0) {
      for (int i = 0; i < count; i++) {
        task.run(i, own);
      }
      return;
    }
    Job job = new Job(count, task, Thread.currentThread());
    publish(job);
    while (job.runNext(own)) {
      Thread.onSpinWait();
    }
    retire(job);
    job.await();
    job.throwFailure();
  }

  private void publish(Job job) {
    synchronized (jobsLock) {
      Job[] more = Arrays.copyOf(jobs, jobs.length + 1);
      more[jobs.length] = job;
      jobs = more;
    }
    int wanted = job.count - 1;
    for (int i = 0; i < workers.length && wanted > 0; i++, wanted--) {
      if (workers[i].asleep) {
        LockSupport.unpark(workers[i]);
      }
    }
  }

  private void retire(Job job) {
    synchronized (jobsLock) {
      try {
        jobs = jobs.length == 1 ? NO_JOBS : Arrays.stream(jobs).filter(other -> other != job && other.hasTasks()).toArray(Job[]::new);
      } catch (OutOfMemoryError shortage) {
        // A job without tasks is in nobody's way. It goes when another one does; this one's tasks must still be waited for.
      }
    }
  }

  /** Ends the threads and frees their contexts. No job may be running. */
  @Override
  public void close() {
    stopping = true;
    boolean interrupted = false;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
      while (worker.isAlive()) {
        try {
          worker.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      worker.context.close();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class Job {
    final int count;
    private final Task task;
    private final Thread caller;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger unfinished;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    Job(int count, Task task, Thread caller) {
      this.count = count;
      this.task = task;
      this.caller = caller;
      this.unfinished = new AtomicInteger(count);
    }

    boolean hasTasks() {
      return next.get() < count;
    }

    /** Takes one task, if any is left. After a failure the remaining tasks are only counted. */
    boolean runNext(WorkerContext context) {
      int index = next.getAndIncrement();
      if (index >= count) {
        return false;
      }
      run(index, context);
      return true;
    }

    /** As {@link #runNext}, on a thread of the pool, which notes what it took. */
    void runNext(Worker worker) {
      int index = next.getAndIncrement();
      if (index < count) {
        worker.taken = this;
        run(index, worker.context);
        worker.taken = null;
      }
    }

    private void run(int index, WorkerContext context) {
      try {
        if (failure.get() == null) {
          task.run(index, context);
        }
      } catch (Throwable e) {
        failure.compareAndSet(null, e);
      } finally {
        finished();
      }
    }

    private void finished() {
      if (unfinished.decrementAndGet() == 0) {
        LockSupport.unpark(caller);
      }
    }

    /** The thread that ran a task was thrown out of it. */
    void lost(Throwable reason) {
      failure.compareAndSet(null, reason);
      finished();
    }

    void await() {
      long deadline = System.nanoTime() + SPIN_NANOS;
      boolean interrupted = false;
      while (unfinished.get() > 0) {
        if (System.nanoTime() < deadline) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(this);
          interrupted |= Thread.interrupted();
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    void throwFailure() {
      Throwable first = failure.get();
      if (first instanceof Error e) {
        throw e;
      }
      if (first instanceof RuntimeException e) {
        // It may come from another thread; this trace shows the caller.
        e.addSuppressed(new IllegalStateException("ran for this caller"));
        throw e;
      }
    }
  }

  private final class Worker extends Thread {
    final WorkerContext context = new WorkerContext(dnn);
    volatile boolean asleep;
    /** The job of the task that this thread runs; {@code null} if it runs none. Used by this thread. */
    private Job taken;

    Worker(String name) {
      super(null, null, name, 0, false);
      setDaemon(true);
    }

    /**
     * Lack of memory may throw this thread out of a task together with the task's exception handlers: the JVM drops a compiled method whose
     * eliminated allocations it cannot make up for. This method runs once and so is never compiled. The thread goes on, and the job learns.
     */
    @Override
    public void run() {
      while (!stopping) {
        try {
          work();
        } catch (Throwable thrownOut) {
          Job job = taken;
          taken = null;
          if (job != null) {
            job.lost(thrownOut);
          }
        }
      }
    }

    private void work() {
      dnn.runSequentially();
      int turn = 0;
      long idleSince = System.nanoTime();
      while (!stopping) {
        Job job = nextJob(turn++);
        if (job != null) {
          job.runNext(this);
          idleSince = System.nanoTime();
        } else if (System.nanoTime() - idleSince < SPIN_NANOS) {
          Thread.onSpinWait();
        } else {
          sleep();
        }
      }
    }

    private void sleep() {
      asleep = true;
      // A job that is published after this check sees the flag and wakes this thread.
      if (nextJob(0) == null && !stopping) {
        LockSupport.park(WorkerPool.this);
      }
      asleep = false;
    }
  }

  private Job nextJob(int turn) {
    Job[] open = jobs;
    for (int i = 0; i < open.length; i++) {
      Job job = open[Math.floorMod(turn + i, open.length)];
      if (job.hasTasks()) {
        return job;
      }
    }
    return null;
  }
}
