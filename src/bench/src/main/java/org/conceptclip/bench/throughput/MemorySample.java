package org.conceptclip.bench.throughput;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.conceptclip.bench.ContestantFailedException;

/**
 * Memory of this process while nothing is under way, in bytes. Linux only.
 *
 * @param heap live objects, after a collection
 * @param resident pages that the process has
 * @param beyondHeap resident pages that are not the heap's committed ones: native libraries, arenas, code, threads
 * @param directBuffers of the JDK's direct and mapped buffers
 */
record MemorySample(long heap, long resident, long beyondHeap, long directBuffers) {
  /** The field of {@link #process} with the resident memory now. */
  static final String RESIDENT = "VmRSS";
  /** The field of {@link #process} with the peak of the resident memory so far. */
  static final String PEAK_RESIDENT = "VmHWM";

  private static final Path STATUS = Path.of("/proc/self/status");

  /** Takes a sample after two garbage collections: what the first frees through cleaners is gone after the second. */
  static MemorySample take() {
    System.gc();
    System.gc();
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    long direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .mapToLong(BufferPoolMXBean::getMemoryUsed).sum();
    long resident = process(RESIDENT);
    return new MemorySample(heap.getUsed(), resident, resident - heap.getCommitted(), direct);
  }

  /** Bytes that the kernel reports for this process. */
  static long process(String field) {
    try (Stream<String> lines = Files.lines(STATUS)) {
      return lines.filter(line -> line.startsWith(field + ":")).map(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst().orElseThrow(() -> new ContestantFailedException(STATUS + ": no " + field));
    } catch (IOException e) {
      throw new ContestantFailedException(STATUS + ": " + e.getMessage() + "; memory is measured on Linux only", e);
    }
  }
}
