package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.util.Closer;

/**
 * Page-locked memory for the copies of one stream. Pieces are handed out one after the other and become available again together
 * when the stream is idle, so a piece stays untouched while a copy may still read it. Not thread-safe.
 */
final class PinnedStaging implements AutoCloseable {
  private final CudaDriver driver;
  private final List<MemorySegment> blocks = new ArrayList<>();
  private long usedOfLast;
  private boolean inUse;

  PinnedStaging(CudaDriver driver) {
    this.driver = driver;
  }

  /** Memory for the caller to use until {@link #reset}. */
  MemorySegment take(long bytes) {
    if (blocks.isEmpty() || blocks.getLast().byteSize() - usedOfLast < bytes) {
      blocks.add(driver.allocatePinned(DeviceArena.rounded(bytes)));
      usedOfLast = 0;
    }
    MemorySegment piece = blocks.getLast().asSlice(usedOfLast, bytes);
    usedOfLast += DeviceArena.rounded(bytes);
    inUse = true;
    return piece;
  }

  /** Whether something was handed out since the last reset. */
  boolean inUse() {
    return inUse;
  }

  /** Makes all memory available again; the stream must be idle. Several blocks become one of the same total size. */
  void reset() {
    inUse = false;
    usedOfLast = 0;
    if (blocks.size() > 1) {
      long bytes = blocks.stream().mapToLong(MemorySegment::byteSize).sum();
      close();
      blocks.add(driver.allocatePinned(bytes));
    }
  }

  @Override
  public void close() {
    try (Closer owned = new Closer()) {
      blocks.forEach(block -> owned.own(block, () -> driver.freePinned(block)));
      blocks.clear();
    }
  }
}
