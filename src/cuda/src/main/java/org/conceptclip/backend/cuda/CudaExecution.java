package org.conceptclip.backend.cuda;

import java.util.function.BiConsumer;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.op.CheckedOps;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Workspace;

/** One caller's turn on a lane. Not thread-safe. */
final class CudaExecution implements Execution {
  private final Lane lane;
  private final CudaWorkspace workspace;
  private final ResidualRanges.Slots rangesOrNull;
  private final Ops ops;
  private final BiConsumer<Lane, Boolean> giveBack;
  private final FailureCounter failures;
  private final long failuresBefore;
  private boolean over;

  /** @param giveBack takes the lane back, and whether no call to the device failed in the meantime */
  CudaExecution(Lane lane, KernelIndex kernels, CudaWorkspace workspace, ResidualRanges.Slots rangesOrNull,
      FailureCounter failures, BiConsumer<Lane, Boolean> giveBack) {
    this.lane = lane;
    this.workspace = workspace;
    this.rangesOrNull = rangesOrNull;
    this.ops = new CheckedOps(new CudaOps(lane, kernels, rangesOrNull));
    this.giveBack = giveBack;
    this.failures = failures;
    this.failuresBefore = failures.failures();
  }

  @Override
  public Ops ops() {
    checkTurn();
    return ops;
  }

  @Override
  public Workspace workspace() {
    checkTurn();
    return workspace;
  }

  private void checkTurn() {
    if (over) {
      throw new IllegalStateException("this execution is closed");
    }
  }

  /** Failures of other lanes count as well: they are rare, and a new lane is cheap. */
  private boolean usable() {
    return failures.failures() == failuresBefore;
  }

  @Override
  public void close() {
    if (over) {
      return;
    }
    over = true;
    try {
      if (rangesOrNull != null && usable()) {
        rangesOrNull.collect();
      }
    } finally {
      giveBack.accept(lane, usable());
    }
  }
}
