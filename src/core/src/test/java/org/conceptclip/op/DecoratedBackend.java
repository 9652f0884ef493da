package org.conceptclip.op;

import java.lang.foreign.Arena;
import java.util.List;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.ForwardingBackend;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/** A backend in front of another: overridden methods change what they like, all else is handed on. */
public class DecoratedBackend extends ForwardingBackend {
  protected DecoratedBackend(Backend inner) {
    super(inner);
  }

  /** The ops of each execution. */
  protected Ops decorate(Ops ops) {
    return ops;
  }

  protected WeightStore decorate(WeightStore parameters) {
    return parameters;
  }

  protected Workspace decorate(Workspace workspace) {
    return workspace;
  }

  @Override
  public String name() {
    return "decorated " + super.name();
  }

  @Override
  public WeightStore openWeightStore() {
    return decorate(super.openWeightStore());
  }

  @Override
  public Execution openExecution() {
    Execution execution = super.openExecution();
    return execution(execution, decorate(execution.ops()), decorate(execution.workspace()));
  }

  /** A workspace of other activation and residual types; pooled features are float32 or better, whatever the residual is. */
  static Workspace storing(DType activations, DType residual, Workspace inner) {
    return new Workspace() {
      @Override
      public DType activationType() {
        return activations;
      }

      @Override
      public DType residualType() {
        return residual;
      }

      @Override
      public DType featureType() {
        return residual == DType.F64 ? DType.F64 : DType.F32;
      }

      @Override
      public Tensor buffer(String name, DType dtype, Shape shape) {
        return inner.buffer(name, dtype, shape);
      }

      @Override
      public Tensor rows(Tensor tensor, long first, long count) {
        return inner.rows(tensor, first, count);
      }

      @Override
      public void upload(HostTensor from, Tensor to) {
        inner.upload(from, to);
      }

      @Override
      public void uploadPieces(List<HostTensor> pieces, Tensor to) {
        inner.uploadPieces(pieces, to);
      }

      @Override
      public HostTensor download(Tensor from, Arena arena) {
        return inner.download(from, arena);
      }
    };
  }
}
