package org.conceptclip.image;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Native calls that nothing can stop: each runs on a daemon thread of its own, which its caller leaves behind when the picture is no longer
 * wanted. Such a call goes on until it is done, keeps its memory and the memory's lease until then, and its thread ends by itself. At most
 * {@link #MOST} such threads run in a process; further callers wait, and can be stopped while they do. Thread-safe.
 */
final class LongCalls {
  /** Calls that run at once, abandoned ones included. */
  static final int MOST = Math.max(2, Runtime.getRuntime().availableProcessors());

  private static final long PATIENCE_MILLIS = 20;
  private static final Semaphore FREE = new Semaphore(MOST);

  private LongCalls() {}

  /**
   * Makes a call and waits for it.
   *
   * @param call the work; what it throws is thrown here
   * @param release frees what the call uses: run once, by whoever is last, caller or thread
   * @param after what to do with the result, before it is released
   * @param checkpoint is asked while the caller waits; what it throws ends the wait
   */
  static void run(Runnable call, Runnable release, Runnable after, DecodeCheckpoint checkpoint) {
    Call running = new Call(call, release);
    boolean waiting = true;
    try {
      await(FREE::tryAcquire, checkpoint);
      Thread thread = Thread.ofPlatform().daemon().name("conceptclip-decode").inheritInheritableThreadLocals(false).unstarted(running);
      boolean started = false;
      try {
        thread.start();
        started = true;
      } finally {
        if (!started) {
          FREE.release();
        }
      }
      waiting = false;
      await((time, unit) -> running.done.await(time, unit), checkpoint);
      if (running.failure != null) {
        throw running.failure;
      }
      after.run();
    } finally {
      if (waiting || running.secondToLeave.getAndSet(true)) {
        release.run();
      }
    }
  }

  /** Calls that run now, abandoned ones included. */
  static int running() {
    return MOST - FREE.availablePermits();
  }

  private interface Wait {
    boolean await(long time, TimeUnit unit) throws InterruptedException;
  }

  /** An interrupt does not end the wait, because it is not the decode's to answer; the thread's flag stays set. */
  private static void await(Wait wait, DecodeCheckpoint checkpoint) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          if (wait.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
            return;
          }
        } catch (InterruptedException e) {
          interrupted = true;
        }
        checkpoint.check();
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static final class Call implements Runnable {
    private final Runnable work;
    private final Runnable release;
    private final CountDownLatch done = new CountDownLatch(1);
    private final AtomicBoolean secondToLeave = new AtomicBoolean();

    /** Written before {@link #done} is counted down. */
    private RuntimeException failure;

    Call(Runnable work, Runnable release) {
      this.work = work;
      this.release = release;
    }

    @Override
    public void run() {
      try {
        work.run();
      } catch (RuntimeException e) {
        failure = e;
      } finally {
        done.countDown();
        try {
          if (secondToLeave.getAndSet(true)) {
            release.run();
          }
        } finally {
          FREE.release();
        }
      }
    }
  }
}
