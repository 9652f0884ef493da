package org.conceptclip.backend;

import org.conceptclip.op.CheckedOps;
import org.conceptclip.op.Ops;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;

/**
 * A base class for backends. It counts the weight stores and executions that are open, and can be closed only when there are none.
 * Thread-safe.
 */
public abstract class CountingBackend implements Backend {
  private final String label;
  private int openStores;
  private int openExecutions;
  private boolean open = true;

  /** @param label names the backend in messages, for example {@code CPU backend} */
  protected CountingBackend(String label) {
    this.label = label;
  }

  /**
   * Makes an empty store. The caller holds this backend's lock.
   *
   * @param onClose to be run once, when the store is closed
   */
  protected abstract WeightStore newWeightStore(Runnable onClose);

  /** Makes an execution with {@link #execution}. The caller holds this backend's lock. */
  protected abstract Execution newExecution();

  /** Frees everything that the backend owns. It is called once, while no weight store and no execution is open. */
  protected abstract void release();

  /**
   * An execution for one caller.
   *
   * @param ops the backend's own ops, in front of which arguments are checked
   * @param giveBack run once, when the execution is closed
   */
  protected final Execution execution(Ops ops, Workspace workspace, Runnable giveBack) {
    return new Turn(new CheckedOps(ops), workspace, giveBack);
  }

  @Override
  public final synchronized WeightStore openWeightStore() {
    checkOpen();
    WeightStore store = newWeightStore(() -> count(-1, 0));
    count(1, 0);
    return store;
  }

  @Override
  public final synchronized Execution openExecution() {
    checkOpen();
    Execution execution = newExecution();
    count(0, 1);
    return execution;
  }

  private synchronized void count(int stores, int executions) {
    openStores += stores;
    openExecutions += executions;
  }

  private void checkOpen() {
    if (!open) {
      throw new IllegalStateException(label + " is closed");
    }
  }

  /**
   * Ends this backend. Closing again does nothing.
   *
   * @throws IllegalStateException if weight stores or executions are still open; they stay usable, and so does the backend
   */
  @Override
  public final synchronized void close() {
    if (!open) {
      return;
    }
    if (openStores > 0 || openExecutions > 0) {
      throw new IllegalStateException(label + " closed with " + openStores + " weight stores and " + openExecutions
          + " executions open, expected 0 and 0");
    }
    open = false;
    release();
  }

  private final class Turn implements Execution {
    private final Ops ops;
    private final Workspace workspace;
    private final Runnable giveBack;
    private boolean over;

    Turn(Ops ops, Workspace workspace, Runnable giveBack) {
      this.ops = ops;
      this.workspace = workspace;
      this.giveBack = giveBack;
    }

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

    private void checkRunning() {
      if (over) {
        throw new IllegalStateException("this execution is closed");
      }
    }

    @Override
    public void close() {
      if (!over) {
        over = true;
        try {
          giveBack.run();
        } finally {
          count(0, -1);
        }
      }
    }
  }
}
