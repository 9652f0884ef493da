package org.conceptclip.backend.cpu;

import java.util.ArrayDeque;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.CountingBackend;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.Precision;
import org.conceptclip.op.WeightStore;
import org.conceptclip.tensor.DType;
import org.conceptclip.util.Closer;

/**
 * Computes on the CPU with oneDNN.
 *
 * <p>Owns its threads, compiled kernels and pooled buffers. Thread-safe: executions may be opened by several threads; each works on the
 * threads of this backend and on its caller's.
 */
public final class CpuBackend extends CountingBackend {
  private final Closer owned = new Closer();
  private final OneDnn dnn;
  private final Kernels kernels;
  private final ContextPool contexts;
  private final WorkerPool pool;
  private final CpuOps.OpGroups groups;
  private final PrecisionChoice choice;
  private final ArrayDeque<CpuWorkspace> idleWorkspaces = new ArrayDeque<>();

  /**
   * Loads oneDNN and starts {@code threads - 1} threads; the caller of an execution works too.
   *
   * @param precision FP32, BF16, BF16_WEIGHTS, or AUTO for the faster of FP32 and BF16
   * @throws BackendUnavailableException if oneDNN cannot be loaded, or cannot compute in this precision
   */
  public CpuBackend(Precision precision, int threads) {
    super("CPU backend");
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
  protected WeightStore newWeightStore(Runnable onClose) {
    return new CpuWeightStore(kernels, contexts, activationType(), weightType(), onClose);
  }

  @Override
  protected Execution newExecution() {
    CpuWorkspace idle = idleWorkspaces.pollLast();
    CpuWorkspace workspace = idle != null ? idle : new CpuWorkspace(activationType());
    WorkerContext context = contexts.acquire();
    return execution(new CpuOps(context, groups), workspace, () -> giveBack(context, workspace));
  }

  private synchronized void giveBack(WorkerContext context, CpuWorkspace workspace) {
    contexts.release(context);
    idleWorkspaces.addLast(workspace);
    // Buffers of a burst of callers are not kept for good.
    while (idleWorkspaces.size() > Math.max(2, pool.threads())) {
      idleWorkspaces.pollFirst().close();
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
  protected void release() {
    idleWorkspaces.forEach(owned::own);
    owned.close();
  }
}
