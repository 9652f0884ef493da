package org.conceptclip.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.DeviceProperties;

/**
 * A driver whose device computes nothing and takes a given time for each pass: what is left is the work of the host. The device does one
 * pass after the other; a thread that waits for a stream waits until the device is done with its last pass. Results are what the host's
 * memory held: zeros. Thread-safe.
 */
final class PacedDriver implements InvocationHandler {
  private static final DeviceProperties DEVICE = new DeviceProperties("paced device", 9, 0, 132, 1L << 40, 13000);
  private static final int TENSOR_MAP_BYTES = 128;

  private final AtomicLong next = new AtomicLong(1L << 20);
  private final AtomicLong launches = new AtomicLong();
  private final AtomicLong graphs = new AtomicLong();
  private final Map<Long, Long> doneNanos = new HashMap<>();
  private volatile long passNanos;
  private long freeNanos;

  /** The driver, for a backend. */
  CudaDriver driver() {
    return (CudaDriver) Proxy.newProxyInstance(CudaDriver.class.getClassLoader(), new Class<?>[] {CudaDriver.class}, this);
  }

  /** How long a pass takes from now on. */
  void pace(long nanos) {
    passNanos = nanos;
  }

  /** Kernels and products that were launched one by one so far. */
  long launches() {
    return launches.get();
  }

  /** Graphs that were launched so far. */
  long graphs() {
    return graphs.get();
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) {
    switch (method.getName()) {
      case "launch", "matmul" -> launches.incrementAndGet();
      case "launchGraph" -> graphs.incrementAndGet();
      case "record" -> compute((Long) arguments[1]);
      case "synchronize" -> await((Long) arguments[0]);
      default -> { }
    }
    return switch (method.getName()) {
      case "device" -> DEVICE;
      case "allocate" -> next.getAndAdd(((Long) arguments[0] + 255) / 256 * 256);
      case "allocatePinned" -> Arena.ofAuto().allocate((Long) arguments[0], 256);
      case "encodeTensorMap" -> MemorySegment.ofArray(new long[TENSOR_MAP_BYTES / Long.BYTES]);
      default -> method.getReturnType() == long.class ? (Object) next.getAndAdd(256) : null;
    };
  }

  private synchronized void compute(long stream) {
    freeNanos = Math.max(freeNanos, System.nanoTime()) + passNanos;
    doneNanos.put(stream, freeNanos);
  }

  private synchronized long done(long stream) {
    return doneNanos.getOrDefault(stream, 0L);
  }

  private void await(long stream) {
    long done = done(stream);
    for (long left = done - System.nanoTime(); left > 0 && done > 0; left = done - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }
}
