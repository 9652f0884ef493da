package org.conceptclip.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Owner of a block of uninitialised off-heap memory, 64-byte aligned, on huge pages where it is large. */
final class NativeMemory implements AutoCloseable {
  /** From here on, huge pages are asked for: below, rounding up to them would waste more than they save. */
  private static final long HUGE_PAGE_BYTES = 2 << 20;

  private static final int MADV_HUGEPAGE = 14;

  private final long address;
  private final long bytes;
  private boolean open = true;

  private NativeMemory(long address, long bytes) {
    this.address = address;
    this.bytes = bytes;
  }

  static NativeMemory allocate(long bytes) {
    Dnnl library = Dnnl.load();
    boolean huge = bytes >= 2 * HUGE_PAGE_BYTES;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
      int status = (int) library.call("posix_memalign", address.address(), huge ? HUGE_PAGE_BYTES : 64, Math.max(64, bytes));
      if (status != 0) {
        throw new OutOfMemoryError("CPU backend: no " + bytes + " bytes of native memory (posix_memalign: " + status + ")");
      }
      NativeMemory memory = new NativeMemory(address.get(ValueLayout.JAVA_LONG, 0), bytes);
      if (huge) {
        // A kernel without huge pages rejects the call, which costs speed only, so the result is ignored.
        library.call("madvise", memory.address, bytes, MADV_HUGEPAGE);
      }
      return memory;
    }
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
      Dnnl.load().call("free", address);
    }
  }
}
