package org.conceptclip.image;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

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
   * @param release frees what the call uses: run once, before this method returns unless the caller leaves
   * @param after what to do with the result, before it is released
   * @param checkpoint is asked while the caller waits; what it throws ends the wait
   */
  static void run(Runnable call, Runnable release, Runnable after, DecodeCheckpoint checkpoint) {
    Call running = new Call(call, release);
    boolean started = false;
    try {
      await(FREE::tryAcquire, checkpoint);
      try {
        Thread.ofPlatform().daemon().name("conceptclip-decode").inheritInheritableThreadLocals(false).start(running);
        started = true;
      } finally {
        if (!started) {
          FREE.release();
        }
      }
      await(running.done::await, checkpoint);
      running.throwFailure();
      after.run();
    } finally {
      if (!started || !running.leave()) {
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
    private enum State {
      RUNNING,
      DONE,
      ABANDONED
    }

    private final Runnable work;
    private final Runnable release;
    private final CountDownLatch done = new CountDownLatch(1);
    private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);

    /** Written before {@link #done} is counted down. */
    private Throwable failure;

    Call(Runnable work, Runnable release) {
      this.work = work;
      this.release = release;
    }

    @Override
    public void run() {
      try {
        work.run();
      } catch (RuntimeException | Error e) {
        // Whoever waits throws it; whoever left does not want to know.
        failure = e;
      } finally {
        try {
          if (!state.compareAndSet(State.RUNNING, State.DONE)) {
            release.run();
          }
        } finally {
          FREE.release();
          done.countDown();
        }
      }
    }

    /** Leaves a call that still runs, which then releases what it uses; false if it is done. */
    boolean leave() {
      return state.compareAndSet(State.RUNNING, State.ABANDONED);
    }

    void throwFailure() {
      switch (failure) {
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        case null, default -> {}
      }
    }
  }
}
