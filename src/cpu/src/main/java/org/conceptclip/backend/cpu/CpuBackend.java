package org.conceptclip.backend.cpu;

import java.util.ArrayDeque;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.Precision;
import org.conceptclip.op.CheckedOps;
import org.conceptclip.op.Ops;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.util.Closer;

/**
 * Computes on the CPU with oneDNN.
 *
 * <p>Owns its threads, compiled kernels and pooled buffers. Thread-safe: executions may be opened by several threads; each works on the
 * threads of this backend and on its caller's.
 */
public final class CpuBackend implements Backend {
  private final Closer owned = new Closer();
  private final OneDnn dnn;
  private final Kernels kernels;
  private final ContextPool contexts;
  private final WorkerPool pool;
  private final CpuOps.OpGroups groups;
  private final PrecisionChoice choice;
  private final ArrayDeque<CpuWorkspace> idleWorkspaces = new ArrayDeque<>();
  private int openExecutions;
  private int openStores;
  private boolean open = true;

  /**
   * Loads oneDNN and starts {@code threads - 1} threads; the caller of an execution works too.
   *
   * @param precision FP32, BF16, BF16_WEIGHTS, or AUTO for the faster of FP32 and BF16
   * @throws BackendUnavailableException if oneDNN cannot be loaded, or cannot compute in this precision
   */
  public CpuBackend(Precision precision, int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads " + threads + ", at least 1 is needed");
    }
    switch (precision) {
      case AUTO, FP32, BF16, BF16_WEIGHTS -> {}
      default -> throw new BackendUnavailableException(
          "CPU backend: computes in fp32, bf16 or bf16-weights, not " + precision.label());
    }
    try {
      dnn = owned.own(new OneDnn());
      kernels = owned.own(new Kernels(dnn));
      contexts = owned.own(new ContextPool(dnn));
      pool = owned.own(new WorkerPool(dnn, threads));
      groups = CpuOps.OpGroups.of(kernels, pool);
      choice = PrecisionChoice.of(precision, kernels, contexts);
    } catch (RuntimeException | Error e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  /** Whether this CPU has the bfloat16 arithmetic that {@link Precision#BF16} needs. */
  public static boolean computesBf16() {
    return OneDnn.hasBf16();
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public Precision precision() {
    return choice.precision();
  }

  @Override
  public String description() {
    return "oneDNN " + dnn.version() + ", " + OneDnn.instructionSet() + ", " + pool.threads()
        + (pool.threads() == 1 ? " thread, " : " threads, ") + choice.precision().label()
        + (choice.reason().isEmpty() ? "" : " (" + choice.reason() + ")");
  }

  private DType activationType() {
    return choice.precision() == Precision.BF16 ? DType.BF16 : DType.F32;
  }

  private DType weightType() {
    return choice.precision() == Precision.FP32 ? DType.F32 : DType.BF16;
  }

  @Override
  public synchronized WeightStore openWeightStore() {
    checkOpen();
    openStores++;
    return new CpuWeightStore(kernels, contexts, activationType(), weightType(), this::storeClosed);
  }

  @Override
  public synchronized Execution openExecution() {
    checkOpen();
    CpuWorkspace workspace = idleWorkspaces.pollLast();
    openExecutions++;
    return new CpuExecution(workspace != null ? workspace : new CpuWorkspace(dnn.system(), activationType()));
  }

  private synchronized void storeClosed() {
    openStores--;
  }

  private synchronized void giveBack(CpuWorkspace workspace) {
    openExecutions--;
    idleWorkspaces.addLast(workspace);
    // Buffers of a burst of callers are not kept for good.
    while (idleWorkspaces.size() > Math.max(2, pool.threads())) {
      idleWorkspaces.pollFirst().close();
    }
  }

  private void checkOpen() {
    if (!open) {
      throw new IllegalStateException("this backend is closed");
    }
  }

  /** Native oneDNN objects that are alive; 0 once everything is closed. */
  long liveNativeObjects() {
    return dnn.liveObjects();
  }

  /** Kernels compiled so far. */
  int compiledKernels() {
    return kernels.count();
  }

  @Override
  public synchronized void close() {
    if (!open) {
      return;
    }
    if (openStores > 0 || openExecutions > 0) {
      throw new IllegalStateException("CPU backend closed with " + openStores + " weight stores and " + openExecutions
          + " executions open, expected 0 and 0");
    }
    open = false;
    idleWorkspaces.forEach(owned::own);
    owned.close();
  }

  private final class CpuExecution implements Execution {
    private final CpuWorkspace workspace;
    private final WorkerContext context;
    private final Ops ops;
    private boolean over;

    CpuExecution(CpuWorkspace workspace) {
      this.workspace = workspace;
      context = contexts.acquire();
      ops = new CheckedOps(new CpuOps(context, groups));
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

    @Override
    public void close() {
      if (!over) {
        over = true;
        contexts.release(context);
        giveBack(workspace);
      }
    }
  }
}
