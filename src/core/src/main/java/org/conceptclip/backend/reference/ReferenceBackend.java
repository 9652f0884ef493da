package org.conceptclip.backend.reference;

import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.Precision;
import org.conceptclip.op.CheckedOps;
import org.conceptclip.op.Ops;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;

/**
 * The backend that other backends are compared with: plain loops in float64 on the common thread pool. Runs on any machine, slowly.
 */
public final class ReferenceBackend implements Backend {
  private final AtomicLong account = new AtomicLong();
  private final AtomicInteger openStores = new AtomicInteger();
  private final AtomicInteger openExecutions = new AtomicInteger();
  private volatile boolean closed;

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public Precision precision() {
    return Precision.FP64;
  }

  @Override
  public String description() {
    return "plain loops in float64, " + (ForkJoinPool.getCommonPoolParallelism() + 1) + " threads";
  }

  @Override
  public WeightStore openWeightStore() {
    checkOpen();
    openStores.incrementAndGet();
    return new ReferenceWeightStore(account, openStores::decrementAndGet);
  }

  @Override
  public Execution openExecution() {
    checkOpen();
    openExecutions.incrementAndGet();
    return new Turn();
  }

  /** Bytes of all open weight stores and executions; 0 if all are closed. */
  public long liveBytes() {
    return account.get();
  }

  /**
   * Ends this backend. Closing again does nothing.
   *
   * @throws IllegalStateException if weight stores or executions are still open; they stay usable, and so does the backend
   */
  @Override
  public void close() {
    if (openStores.get() != 0 || openExecutions.get() != 0) {
      throw new IllegalStateException("reference backend closed with " + openStores.get() + " weight stores and "
          + openExecutions.get() + " executions open, expected 0 and 0");
    }
    closed = true;
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("reference backend is closed");
    }
  }

  /** Buffers are freed with each execution instead of being kept for the next one, so that using a stale tensor fails. */
  private final class Turn implements Execution {
    private final ReferenceWorkspace workspace = new ReferenceWorkspace(account);
    private final Ops ops = new CheckedOps(new ReferenceOps());
    private boolean ended;

    @Override
    public Ops ops() {
      checkRunning();
      return ops;
    }

    @Override
    public Workspace workspace() {
      checkRunning();
      return workspace;
    }

    @Override
    public void close() {
      if (!ended) {
        ended = true;
        workspace.close();
        openExecutions.decrementAndGet();
      }
    }

    private void checkRunning() {
      if (ended) {
        throw new IllegalStateException("execution is closed");
      }
    }
  }
}
