package org.conceptclip.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/**
 * The buffers of one execution, in its lane's arena. Activations are F16, pooled features and scores F32, the residual stream as
 * {@link CudaOptions} says.
 *
 * <p>Uploads return when the values are in pinned memory. Downloads give all recorded work to the device and wait for it; nothing else
 * makes a caller wait.
 */
final class CudaWorkspace implements Workspace {
  /** The most pinned memory that one download uses: larger tensors come in pieces. */
  private static final long DOWNLOAD_BYTES = 64L << 20;

  private final Lane lane;
  private final DType residualType;

  CudaWorkspace(Lane lane, DType residualType) {
    this.lane = lane;
    this.residualType = residualType;
  }

  @Override
  public DType activationType() {
    return DType.F16;
  }

  @Override
  public DType residualType() {
    return residualType;
  }

  @Override
  public DType featureType() {
    return DType.F32;
  }

  @Override
  public Tensor buffer(String name, DType dtype, Shape shape) {
    if (dtype.isFloat() && dtype != DType.F16 && dtype != DType.F32) {
      throw new IllegalArgumentException("buffer " + name + " of " + dtype + ": the CUDA backend computes in F16 and F32");
    }
    return DeviceTensor.at(lane.arena.address(name, DeviceTensor.bytes(dtype, shape)), dtype, shape);
  }

  @Override
  public Tensor inputOf(LinearWeights consumer, String name, long rows) {
    Optional<Float> scale = consumer.inputScale();
    if (scale.isEmpty()) {
      return buffer(name, DType.F16, rows, consumer.inputs());
    }
    return ((DeviceTensor) buffer(name, DType.F8_E4M3, rows, consumer.inputs())).scaled(scale.get());
  }

  @Override
  public Tensor rows(Tensor tensor, long first, long count) {
    return ((DeviceTensor) tensor).rows(first, count);
  }

  @Override
  public void upload(HostTensor from, Tensor to) {
    DeviceTensor target = (DeviceTensor) to;
    if (!from.shape().equals(target.shape())) {
      throw new IllegalArgumentException("upload of " + from + " to " + target + ", expected equal shapes");
    }
    upload(target, pinned -> Conversion.toDevice(from, 0, target.rows(), pinned, target.layout()));
  }

  /** Gathers the pieces in pinned memory, so that there is one copy to the device. */
  @Override
  public void uploadPieces(List<HostTensor> pieces, Tensor to) {
    Workspace.requirePieces(pieces, to);
    upload((DeviceTensor) to, pinned -> HostTensor.gather(pieces, pinned));
  }

  private void upload(DeviceTensor target, Consumer<MemorySegment> fill) {
    if (lane.recorder.pendingOn(target)) {
      // The copy goes to the stream at once. Work that was recorded before must see what it overwrites.
      lane.recorder.flush();
    }
    MemorySegment pinned = lane.staging.take(target.byteSize());
    fill.accept(pinned);
    lane.driver.copyToDevice(target.address(), pinned, lane.stream);
  }

  @Override
  public HostTensor download(Tensor from, Arena arena) {
    DeviceTensor source = (DeviceTensor) from;
    DType type = source.dtype() == DType.F16 || source.dtype() == DType.F8_E4M3 ? DType.F32 : source.dtype();
    HostTensor result = HostTensor.allocate(arena, type, source.shape().toArray());
    lane.recorder.flush();
    long rowsPerPiece = Math.max(1, DOWNLOAD_BYTES / Math.max(1, source.rowBytes()));
    for (long first = 0; first < source.rows(); first += rowsPerPiece) {
      long count = Math.min(rowsPerPiece, source.rows() - first);
      MemorySegment pinned = lane.staging.take(count * source.rowBytes());
      lane.driver.copyToHost(pinned, source.address() + first * source.rowBytes(), lane.stream);
      lane.driver.synchronize(lane.stream);
      Conversion.toHost(pinned, source.layout(), result, first, count);
      lane.idle();
    }
    return result;
  }
}
