package org.conceptclip.bench.throughput;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import org.conceptclip.bench.ContestantFailedException;

/**
 * Memory of this process while nothing is under way, in bytes.
 *
 * @param heap live objects, after a collection
 * @param resident pages that the process has (Linux only)
 * @param beyondHeap resident pages that are not the heap's committed ones: native libraries, arenas, code, threads
 * @param directBuffers of the JDK's direct and mapped buffers
 */
record MemorySample(long heap, long resident, long beyondHeap, long directBuffers) {
  private static final Path STATUS = Path.of("/proc/self/status");

  /** Collects garbage, twice, as what the first frees through cleaners is gone after the second; then looks. */
  static MemorySample take() {
    System.gc();
    System.gc();
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    long direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .mapToLong(BufferPoolMXBean::getMemoryUsed).sum();
    long resident = residentBytes();
    return new MemorySample(heap.getUsed(), resident, resident - heap.getCommitted(), direct);
  }

  private static long residentBytes() {
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
        }
      }
    } catch (IOException e) {
      throw new ContestantFailedException(STATUS + ": " + e.getMessage() + "; resident memory is measured on Linux only", e);
    }
    throw new ContestantFailedException(STATUS + ": no VmRSS");
  }
}
