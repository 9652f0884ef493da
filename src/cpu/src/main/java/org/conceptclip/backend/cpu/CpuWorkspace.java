package org.conceptclip.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/** Named off-heap buffers that only grow. Its tensors are host tensors. Not thread-safe. */
final class CpuWorkspace implements Workspace, AutoCloseable {
  private static final int MOVE_VALUES = 4096;

  private final SystemLibrary system;
  private final DType activationType;
  private final Map<String, NativeMemory> buffers = new HashMap<>();
  private final float[] moved = new float[MOVE_VALUES];

  CpuWorkspace(SystemLibrary system, DType activationType) {
    this.system = system;
    this.activationType = activationType;
  }

  @Override
  public DType activationType() {
    return activationType;
  }

  @Override
  public DType residualType() {
    return DType.F32;
  }

  @Override
  public Tensor buffer(String name, DType dtype, Shape shape) {
    long bytes = Math.multiplyExact(shape.elements(), (long) dtype.bytes());
    NativeMemory memory = buffers.get(name);
    if (memory == null || memory.bytes() < bytes) {
      NativeMemory larger = NativeMemory.allocate(system, bytes);
      if (memory != null) {
        memory.close();
      }
      buffers.put(name, larger);
      memory = larger;
    }
    return HostTensor.view(dtype, shape, memory.segment().asSlice(0, bytes));
  }

  @Override
  public Tensor rows(Tensor tensor, long first, long count) {
    return ((HostTensor) tensor).rows(first, count);
  }

  @Override
  public void upload(HostTensor from, Tensor to) {
    HostTensor target = (HostTensor) to;
    if (from.dtype() == target.dtype()) {
      MemorySegment.copy(from.data(), 0, target.data(), 0, from.byteSize());
    } else if (from.dtype().isFloat() && target.dtype().isFloat()) {
      convert(from, target);
    } else {
      throw new IllegalArgumentException("cannot upload " + from + " to " + target);
    }
  }

  @Override
  public void uploadPieces(List<HostTensor> pieces, Tensor to) {
    Workspace.requirePieces(pieces, to);
    HostTensor.gather(pieces, ((HostTensor) to).data());
  }

  private void convert(HostTensor from, HostTensor to) {
    long count = from.shape().elements();
    for (long first = 0; first < count; first += MOVE_VALUES) {
      int some = (int) Math.min(MOVE_VALUES, count - first);
      if (from.dtype() == DType.F16) {
        for (int i = 0; i < some; i++) {
          moved[i] = from.getFloat(first + i);
        }
      } else {
        Floats.load(from.data(), from.dtype(), first, moved, some);
      }
      Floats.store(moved, to.data(), to.dtype(), first, some);
    }
  }

  @Override
  public HostTensor download(Tensor from, Arena arena) {
    HostTensor source = (HostTensor) from;
    DType type = source.dtype().isFloat() && source.dtype() != DType.F64 ? DType.F32 : source.dtype();
    HostTensor result = HostTensor.allocate(arena, type, source.shape().toArray());
    upload(source, result);
    return result;
  }

  /** Bytes of all buffers. */
  long workspaceBytes() {
    return buffers.values().stream().mapToLong(NativeMemory::bytes).sum();
  }

  @Override
  public void close() {
    buffers.values().forEach(NativeMemory::close);
    buffers.clear();
  }
}
