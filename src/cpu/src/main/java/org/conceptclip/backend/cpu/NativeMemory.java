package org.conceptclip.backend.cpu;

import java.lang.foreign.MemorySegment;

/** Owner of a block of uninitialised off-heap memory, 64-byte aligned, on huge pages where it is large. */
final class NativeMemory implements AutoCloseable {
  /** From here on, huge pages are asked for: below, rounding up to them would waste more than they save. */
  private static final long HUGE_PAGE_BYTES = 2 << 20;

  private final SystemLibrary system;
  private final long address;
  private final long bytes;
  private boolean open = true;

  private NativeMemory(SystemLibrary system, long address, long bytes) {
    this.system = system;
    this.address = address;
    this.bytes = bytes;
  }

  static NativeMemory allocate(SystemLibrary system, long bytes) {
    boolean huge = bytes >= 2 * HUGE_PAGE_BYTES;
    long address = system.allocate(Math.max(64, bytes), huge ? HUGE_PAGE_BYTES : 64);
    if (huge) {
      system.preferHugePages(address, bytes);
    }
    return new NativeMemory(system, address, bytes);
  }

  long address() {
    return address;
  }

  long bytes() {
    return bytes;
  }

  /** All of it as a segment; a view that must not be used after {@link #close()}. */
  MemorySegment segment() {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      system.free(address);
    }
  }
}
