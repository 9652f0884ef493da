package org.conceptclip.backend.reference;

import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicLong;
import org.conceptclip.backend.CountingBackend;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.Precision;
import org.conceptclip.op.WeightStore;

/**
 * The backend that other backends are compared with: plain loops in float64 on the common thread pool. Runs on any machine, slowly.
 */
public final class ReferenceBackend extends CountingBackend {
  private final AtomicLong account = new AtomicLong();

  /** Opens the backend, which has no threads of its own. */
  public ReferenceBackend() {
    super("reference backend");
  }

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
  protected WeightStore newWeightStore(Runnable onClose) {
    return new ReferenceWeightStore(account, onClose);
  }

  /** Buffers are freed with each execution instead of being kept for the next one, so that using a stale tensor fails. */
  @Override
  protected Execution newExecution() {
    ReferenceWorkspace workspace = new ReferenceWorkspace(account);
    return execution(new ReferenceOps(), workspace, workspace::close);
  }

  /** Bytes of all open weight stores and executions; 0 if all are closed. */
  public long liveBytes() {
    return account.get();
  }

  @Override
  protected void release() {}
}
