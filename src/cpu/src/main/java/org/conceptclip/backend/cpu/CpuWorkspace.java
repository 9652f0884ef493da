package org.conceptclip.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.conceptclip.op.HostWorkspace;
import org.conceptclip.tensor.DType;

/** Named off-heap buffers that only grow. Not thread-safe. */
final class CpuWorkspace extends HostWorkspace implements AutoCloseable {
  private final Map<String, NativeMemory> buffers = new HashMap<>();

  CpuWorkspace(DType activationType) {
    super(activationType, DType.F32);
  }

  @Override
  protected MemorySegment memory(String name, long bytes) {
    NativeMemory memory = buffers.get(name);
    if (memory == null || memory.bytes() < bytes) {
      NativeMemory larger = NativeMemory.allocate(bytes);
      if (memory != null) {
        memory.close();
      }
      buffers.put(name, larger);
      memory = larger;
    }
    return memory.segment().asSlice(0, bytes);
  }

  @Override
  public void close() {
    buffers.values().forEach(NativeMemory::close);
    buffers.clear();
  }
}
