package org.conceptclip.bench.throughput;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import org.conceptclip.bench.ProcessMemory;

/**
 * Memory of this process while nothing is under way, in bytes.
 *
 * @param heap live objects, after a collection
 * @param resident pages that the process has (Linux only)
 * @param beyondHeap resident pages that are not the heap's committed ones: native libraries, arenas, code, threads
 * @param directBuffers of the JDK's direct and mapped buffers
 */
record MemorySample(long heap, long resident, long beyondHeap, long directBuffers) {
  /** Collects garbage, twice, as what the first frees through cleaners is gone after the second; then looks. */
  static MemorySample take() {
    System.gc();
    System.gc();
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    long direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .mapToLong(BufferPoolMXBean::getMemoryUsed).sum();
    long resident = ProcessMemory.residentBytes();
    return new MemorySample(heap.getUsed(), resident, resident - heap.getCommitted(), direct);
  }
}
