package org.conceptclip.backend.cuda.driver;

import java.lang.foreign.MemorySegment;
import org.conceptclip.backend.DeviceException.Kind;

/** Requirements for host memory of copies that continue after the call. */
public final class HostMemory {
  private HostMemory() {}

  /** The collector may move heap memory while a copy is under way. */
  public static MemorySegment requireNative(String call, MemorySegment memory) {
    if (!memory.isNative()) {
      throw new IllegalArgumentException(call + ": memory on the Java heap, expected native memory");
    }
    return memory;
  }

  public static MemorySegment requireWritable(String call, MemorySegment memory) {
    if (memory.isReadOnly()) {
      throw new IllegalArgumentException(call + ": read-only memory, expected memory to write to");
    }
    return requireNative(call, memory);
  }

  /** The address of memory that a queued copy is about to touch; any thread may do the work. */
  public static long requireAlive(String call, MemorySegment memory) {
    if (!memory.scope().isAlive()) {
      throw new CudaException(Kind.LOST, call, "CUDA_ERROR_ILLEGAL_ADDRESS",
          memory.byteSize() + " bytes of host memory were given back before their copy was done");
    }
    return memory.address();
  }
}
