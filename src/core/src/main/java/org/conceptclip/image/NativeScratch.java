package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Native memory that is used for one picture after the other and grows on demand. {@link #trim} bounds what it keeps. Not thread-safe;
 * any thread may close it.
 */
final class NativeScratch implements AutoCloseable {
  private static final long STEP_BYTES = 1 << 20;

  private final long keptBytes;
  private Arena arena;
  private MemorySegment memory = MemorySegment.NULL;

  /** Keeps at most that many bytes between pictures. */
  NativeScratch(long keptBytes) {
    this.keptBytes = keptBytes;
  }

  /** At least that many bytes, with undefined content, valid until the next call of any method. */
  MemorySegment atLeast(long bytes) {
    if (memory.byteSize() < bytes) {
      close();
      // Rounded up, so that pictures of slightly rising sizes do not allocate each time. Shared: decoders may change threads.
      arena = Arena.ofShared();
      memory = arena.allocate(Math.ceilDiv(bytes, STEP_BYTES) * STEP_BYTES);
    }
    return memory;
  }

  /** Bytes that are allocated now. */
  long bytes() {
    return memory.byteSize();
  }

  /** Ends the use for one picture: frees memory that is larger than is to be kept. */
  void trim() {
    if (memory.byteSize() > keptBytes) {
      close();
    }
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
      arena = null;
      memory = MemorySegment.NULL;
    }
  }
}
