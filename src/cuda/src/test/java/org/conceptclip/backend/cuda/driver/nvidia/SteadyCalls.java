package org.conceptclip.backend.cuda.driver.nvidia;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.TestDevice;
import org.conceptclip.backend.cuda.driver.nvidia.FakeCudaChild.Lab;

/** Calls that every pass makes allocate nothing on the Java heap, once they are compiled. */
final class SteadyCalls {
  private static final int CALLS = 4_000;

  /** What a counter of threads that the JVM keeps by itself may add; one object a call would be 64,000. */
  private static final long FEW_BYTES = 4_000;

  /** Until the compiler has seen enough. */
  private static final int MOST_ROUNDS = 50;

  private SteadyCalls() {}

  static void allocateNothing(Lab lab) {
    try (CudaDriver driver = lab.open(); TestDevice device = new TestDevice(driver)) {
      long row = device.floats(new float[64]);
      long event = driver.createEvent();
      MemorySegment pinned = driver.allocatePinned(256);
      KernelLaunch launch = device.layerNorm(row, row, row, device.block(128), 64);
      driver.launch(launch, device.stream);
      driver.beginCapture(device.stream);
      driver.fill(row, (byte) 0, 4, device.stream);
      long graph = driver.endCapture(device.stream);
      Map<String, Runnable> calls = new LinkedHashMap<>();
      calls.put("copyToDevice", () -> driver.copyToDevice(row, pinned, device.stream));
      calls.put("copyToHost", () -> driver.copyToHost(pinned, row, device.stream));
      calls.put("fill", () -> driver.fill(row, (byte) 0, 4, device.stream));
      calls.put("record", () -> driver.record(event, device.stream));
      calls.put("await", () -> driver.await(device.stream, event));
      calls.put("launchGraph", () -> driver.launchGraph(graph, device.stream));
      calls.put("synchronize", () -> driver.synchronize(device.stream));
      calls.put("launch", () -> driver.launch(launch, device.stream));
      calls.forEach((name, call) -> {
        // A captured launch is not computed: the emulator would take its time.
        if (name.equals("launch")) {
          driver.beginCapture(device.stream);
        }
        long bytes = Long.MAX_VALUE;
        for (int round = 0; round < MOST_ROUNDS && bytes > FEW_BYTES; round++) {
          bytes = allocated(call);
        }
        if (name.equals("launch")) {
          driver.destroyGraph(driver.endCapture(device.stream));
        }
        assertTrue(bytes <= FEW_BYTES, name + ": " + bytes + " bytes in the last " + CALLS + " calls");
      });
      driver.destroyGraph(graph);
      driver.freePinned(pinned);
      driver.destroyEvent(event);
    }
  }

  private static long allocated(Runnable call) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < CALLS; i++) {
      call.run();
    }
    return threads.getCurrentThreadAllocatedBytes() - before;
  }
}
