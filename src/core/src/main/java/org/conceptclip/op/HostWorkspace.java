package org.conceptclip.op;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/** A base class for workspaces whose buffers are host tensors. Not thread-safe. */
public abstract class HostWorkspace implements Workspace {
  private final DType activationType;
  private final DType residualType;

  /** A workspace with these types of activations and of the residual stream. */
  protected HostWorkspace(DType activationType, DType residualType) {
    this.activationType = activationType;
    this.residualType = residualType;
  }

  /** Exactly {@code bytes} bytes for the buffer {@code name}: the same memory at every call, until a call needs more. */
  protected abstract MemorySegment memory(String name, long bytes);

  /** Called at the beginning of every call. A workspace that checks whether it is closed overrides it; this one does nothing. */
  protected void checkOpen() {}

  /**
   * The tensor as the host tensor that it is.
   *
   * @throws IllegalArgumentException if it is a tensor of another backend
   */
  public static HostTensor host(Tensor tensor) {
    if (tensor instanceof HostTensor host) {
      return host;
    }
    throw new IllegalArgumentException(
        "tensor of another backend: " + tensor.getClass().getName() + ", expected " + HostTensor.class.getName());
  }

  @Override
  public final DType activationType() {
    return activationType;
  }

  @Override
  public final DType residualType() {
    return residualType;
  }

  @Override
  public final Tensor buffer(String name, DType dtype, Shape shape) {
    checkOpen();
    return HostTensor.view(dtype, shape, memory(name, Math.multiplyExact(shape.elements(), (long) dtype.bytes())));
  }

  @Override
  public final Tensor inputOf(LinearWeights consumer, String name, long rows) {
    Optional<Float> scale = consumer.inputScale();
    return scale.isEmpty()
        ? buffer(name, activationType, rows, consumer.inputs())
        : host(buffer(name, DType.F8_E4M3, rows, consumer.inputs())).scaled(scale.get());
  }

  @Override
  public final Tensor rows(Tensor tensor, long first, long count) {
    checkOpen();
    if (first < 0 || count < 1 || first + count > tensor.rows()) {
      throw new IllegalArgumentException("rows " + first + " to " + (first + count) + " of a tensor of " + tensor.rows() + " rows");
    }
    return host(tensor).rows(first, count);
  }

  @Override
  public final void upload(HostTensor from, Tensor to) {
    checkOpen();
    if (!from.shape().equals(to.shape())) {
      throw new IllegalArgumentException("upload of " + from + " to " + to);
    }
    copy(from, host(to));
  }

  @Override
  public final void uploadPieces(List<HostTensor> pieces, Tensor to) {
    checkOpen();
    Workspace.requirePieces(pieces, to);
    HostTensor.gather(pieces, host(to).data());
  }

  @Override
  public final HostTensor download(Tensor from, Arena arena) {
    checkOpen();
    DType dtype = isNumeric(from) && from.dtype() != DType.F64 ? DType.F32 : from.dtype();
    HostTensor to = HostTensor.allocate(arena, dtype, from.shape().toArray());
    copy(host(from), to);
    return to;
  }

  private static void copy(HostTensor from, HostTensor to) {
    if (from.dtype() == to.dtype() && from.scale() == to.scale()) {
      to.data().copyFrom(from.data());
      return;
    }
    if (!isNumeric(from) || !isNumeric(to)) {
      throw new IllegalArgumentException("copy of " + from + " to " + to + ": only floating-point types convert");
    }
    for (long i = 0; i < from.shape().elements(); i++) {
      to.set(i, from.getDouble(i));
    }
  }

  private static boolean isNumeric(Tensor tensor) {
    return tensor.dtype().isFloat() || tensor.dtype() == DType.F8_E4M3;
  }
}
