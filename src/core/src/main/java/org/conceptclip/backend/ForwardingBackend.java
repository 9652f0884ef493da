package org.conceptclip.backend;

import java.util.Map;
import java.util.Optional;
import org.conceptclip.op.Ops;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;

/** A backend that hands everything on to another; a subclass overrides what it changes. Closing it closes the other. */
public class ForwardingBackend implements Backend {
  private final Backend inner;

  /** A backend in front of {@code inner}. */
  protected ForwardingBackend(Backend inner) {
    this.inner = inner;
  }

  /** An execution with other ops and buffers than the one that it closes. */
  protected static Execution execution(Execution inner, Ops ops, Workspace workspace) {
    return new Execution() {
      @Override
      public Ops ops() {
        return ops;
      }

      @Override
      public Workspace workspace() {
        return workspace;
      }

      @Override
      public void close() {
        inner.close();
      }
    };
  }

  @Override
  public String name() {
    return inner.name();
  }

  @Override
  public Precision precision() {
    return inner.precision();
  }

  @Override
  public String description() {
    return inner.description();
  }

  @Override
  public WeightStore openWeightStore() {
    return inner.openWeightStore();
  }

  @Override
  public Execution openExecution() {
    return inner.openExecution();
  }

  @Override
  public PassLimits passLimits() {
    return inner.passLimits();
  }

  @Override
  public int lanes() {
    return inner.lanes();
  }

  @Override
  public void requireHeadWidth(int headWidth) {
    inner.requireHeadWidth(headWidth);
  }

  @Override
  public void requireModel(ModelIdentity model) {
    inner.requireModel(model);
  }

  @Override
  public Map<String, Float> residualRanges() {
    return inner.residualRanges();
  }

  @Override
  public Optional<String> memoryPlan() {
    return inner.memoryPlan();
  }

  @Override
  public void close() {
    inner.close();
  }
}
