package org.conceptclip.backend.reference;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/**
 * Float64 buffers on the host. Every request fills its buffer with one bits, which are NaN in every floating-point type, so that reading
 * values that were never written shows in the result.
 */
final class ReferenceWorkspace implements Workspace, AutoCloseable {
  private static final byte POISON = (byte) 0xff;

  private final AtomicLong account;
  private final Map<String, Buffer> buffers = new HashMap<>();
  private boolean closed;

  /** The memory of one name. It has an owner of its own, so that it is freed at once when the buffer grows. */
  private record Buffer(OwnedMemory memory, MemorySegment segment) {}

  ReferenceWorkspace(AtomicLong account) {
    this.account = account;
  }

  @Override
  public DType activationType() {
    return DType.F64;
  }

  @Override
  public DType residualType() {
    return DType.F64;
  }

  @Override
  public Tensor buffer(String name, DType dtype, Shape shape) {
    checkOpen();
    long bytes = Math.multiplyExact(shape.elements(), (long) dtype.bytes());
    Buffer buffer = buffers.get(name);
    if (buffer == null || buffer.segment().byteSize() < bytes) {
      if (buffer != null) {
        buffer.memory().close();
      }
      OwnedMemory memory = new OwnedMemory(account);
      buffer = new Buffer(memory, memory.allocate(bytes));
      buffers.put(name, buffer);
    }
    return HostTensor.view(dtype, shape, buffer.segment().asSlice(0, bytes).fill(POISON));
  }

  @Override
  public Tensor rows(Tensor tensor, long first, long count) {
    checkOpen();
    if (first < 0 || count < 1 || first + count > tensor.rows()) {
      throw new IllegalArgumentException("rows " + first + " to " + (first + count) + " of a tensor of " + tensor.rows() + " rows");
    }
    return Rows.host(tensor).rows(first, count);
  }

  @Override
  public void upload(HostTensor from, Tensor to) {
    checkOpen();
    HostTensor target = Rows.host(to);
    if (!from.shape().equals(to.shape())) {
      throw new IllegalArgumentException("upload of " + from + " to " + target);
    }
    copy(from, target);
  }

  @Override
  public void uploadPieces(List<HostTensor> pieces, Tensor to) {
    checkOpen();
    Workspace.requirePieces(pieces, to);
    HostTensor.gather(pieces, Rows.host(to).data());
  }

  @Override
  public HostTensor download(Tensor from, Arena arena) {
    checkOpen();
    HostTensor source = Rows.host(from);
    DType dtype = from.dtype().isFloat() && from.dtype() != DType.F64 ? DType.F32 : from.dtype();
    HostTensor to = HostTensor.allocate(arena, dtype, from.shape().toArray());
    copy(source, to);
    return to;
  }

  /** Frees all buffers. Closing again does nothing. */
  @Override
  public void close() {
    closed = true;
    buffers.values().forEach(buffer -> buffer.memory().close());
    buffers.clear();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("workspace of a closed execution");
    }
  }

  private static void copy(HostTensor from, HostTensor to) {
    if (from.dtype() == to.dtype()) {
      to.data().copyFrom(from.data());
      return;
    }
    if (!from.dtype().isFloat() || !to.dtype().isFloat()) {
      throw new IllegalArgumentException("copy of " + from + " to " + to + ": only floating-point types convert");
    }
    for (long i = 0; i < from.shape().elements(); i++) {
      to.set(i, from.getDouble(i));
    }
  }
}
