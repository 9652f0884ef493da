package org.conceptclip.backend.reference;

import java.util.concurrent.atomic.AtomicLong;

/** Bytes that are allocated and not yet freed. Thread-safe. */
final class MemoryAccount {
  private final AtomicLong liveBytes = new AtomicLong();

  void add(long bytes) {
    liveBytes.addAndGet(bytes);
  }

  long liveBytes() {
    return liveBytes.get();
  }
}
