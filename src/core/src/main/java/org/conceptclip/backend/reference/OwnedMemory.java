package org.conceptclip.backend.reference;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/**
 * Memory of tensors that are freed together. Thread-safe; the tensors may be read by any thread. After closing, any access to one of them
 * throws {@link IllegalStateException}.
 */
final class OwnedMemory implements AutoCloseable {
  private static final int ALIGNMENT_BYTES = 64;

  private final Arena arena = Arena.ofShared();
  private final AtomicLong account;
  private long bytes;

  /** @param account bytes of the backend that are allocated and not yet freed */
  OwnedMemory(AtomicLong account) {
    this.account = account;
  }

  synchronized HostTensor allocate(DType dtype, long... extents) {
    Shape shape = Shape.of(extents);
    return HostTensor.view(dtype, shape, allocate(Math.multiplyExact(shape.elements(), (long) dtype.bytes())));
  }

  synchronized MemorySegment allocate(long byteSize) {
    MemorySegment segment = arena.allocate(byteSize, ALIGNMENT_BYTES);
    bytes += byteSize;
    account.addAndGet(byteSize);
    return segment;
  }

  synchronized long bytes() {
    return bytes;
  }

  /** Frees the tensors. Closing again does nothing. */
  @Override
  public synchronized void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      account.addAndGet(-bytes);
      bytes = 0;
    }
  }
}
