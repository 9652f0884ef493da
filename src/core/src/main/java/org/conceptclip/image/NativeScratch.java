package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Native memory that serves one picture after the other and grows on demand. What an uncommonly large picture made it grow to is given
 * back by {@link #trim}. Not thread-safe; any thread may close it.
 */
final class NativeScratch implements AutoCloseable {
  private static final long STEP_BYTES = 1 << 20;

  private final long keptBytes;
  private Arena arena;
  private MemorySegment memory = MemorySegment.NULL;

  /**
   * @param keptBytes most bytes that stay allocated between pictures
   */
  NativeScratch(long keptBytes) {
    this.keptBytes = keptBytes;
  }

  /** At least that many bytes, of any content, valid until the next call of any method. */
  MemorySegment atLeast(long bytes) {
    if (memory.byteSize() < bytes) {
      close();
      // Rounded up, so that pictures of slightly rising sizes do not allocate each time. Shared: decoders may change threads.
      long rounded = Math.ceilDiv(bytes, STEP_BYTES) * STEP_BYTES;
      arena = Arena.ofShared();
      memory = arena.allocate(rounded);
    }
    return memory;
  }

  /** Bytes that are allocated now. */
  long bytes() {
    return memory.byteSize();
  }

  /** Ends the use for one picture. */
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
