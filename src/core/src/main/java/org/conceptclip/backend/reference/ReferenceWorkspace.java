package org.conceptclip.backend.reference;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.conceptclip.op.HostWorkspace;
import org.conceptclip.tensor.DType;

/**
 * Float64 buffers on the host. Every request fills its buffer with one bits, which are NaN in every floating-point type, so that reading
 * values that were never written shows in the result.
 */
final class ReferenceWorkspace extends HostWorkspace implements AutoCloseable {
  private static final byte POISON = (byte) 0xff;

  private final AtomicLong account;
  private final Map<String, Buffer> buffers = new HashMap<>();
  private boolean closed;

  /** The memory of one name. It has an owner of its own, so that it is freed at once when the buffer grows. */
  private record Buffer(OwnedMemory memory, MemorySegment segment) {}

  ReferenceWorkspace(AtomicLong account) {
    super(DType.F64, DType.F64);
    this.account = account;
  }

  @Override
  protected MemorySegment memory(String name, long bytes) {
    Buffer buffer = buffers.get(name);
    if (buffer == null || buffer.segment().byteSize() < bytes) {
      if (buffer != null) {
        buffer.memory().close();
      }
      OwnedMemory memory = new OwnedMemory(account);
      buffer = new Buffer(memory, memory.allocate(bytes));
      buffers.put(name, buffer);
    }
    return buffer.segment().asSlice(0, bytes).fill(POISON);
  }

  @Override
  protected void checkOpen() {
    if (closed) {
      throw new IllegalStateException("workspace of a closed execution");
    }
  }

  /** Frees all buffers. Closing again does nothing. */
  @Override
  public void close() {
    closed = true;
    buffers.values().forEach(buffer -> buffer.memory().close());
    buffers.clear();
  }
}
