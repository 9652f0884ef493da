package org.conceptclip.op;

import java.lang.foreign.Arena;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/**
 * A backend of some precision as good as one can be: it stores in that precision's types and computes in float64. The contract
 * must let it pass, and must catch each fault planted in it.
 */
public class RoundingBackend extends DecoratedBackend {
  private final Precision precision;
  private final DType residual;

  public RoundingBackend(Precision precision) {
    this(precision, DType.F32);
  }

  /** @param residual what the residual stream is stored in, unless the precision is FP64 */
  public RoundingBackend(Precision precision, DType residual) {
    super(new ReferenceBackend());
    this.precision = precision;
    this.residual = residual;
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  protected Workspace decorate(Workspace workspace) {
    return switch (precision) {
      case FP64 -> workspace;
      case FP32, BF16_WEIGHTS -> storing(DType.F32, residual, workspace);
      case FP16, FP8 -> storing(DType.F16, residual, workspace);
      case BF16 -> storing(DType.BF16, residual, workspace);
      case AUTO -> throw new IllegalArgumentException("precision AUTO of a backend that computes");
    };
  }

  @Override
  protected WeightStore decorate(WeightStore parameters) {
    return new ForwardingWeightStore(parameters) {
      @Override
      public LinearWeights linear(String name, HostTensor weight, HostTensor biasOrNull) {
        return super.linear(name, rounded(weight, weightType()), biasOrNull);
      }
    };
  }

  /** What matrices are rounded to: float64 keeps all that a checkpoint holds. */
  protected DType weightType() {
    return switch (precision) {
      case FP16, FP8 -> DType.F16;
      case BF16, BF16_WEIGHTS -> DType.BF16;
      default -> DType.F64;
    };
  }

  protected static HostTensor rounded(HostTensor tensor, DType type) {
    HostTensor copy = HostTensor.allocate(Arena.ofAuto(), type, tensor.shape().toArray());
    for (long i = 0; i < tensor.shape().elements(); i++) {
      copy.set(i, tensor.getDouble(i));
    }
    return copy;
  }
}
