package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.MatrixProduct;
import org.conceptclip.backend.cuda.driver.TensorMap;

/**
 * A driver that remembers that its device was lost: from then on work is refused at once, with the first failure as the cause, and
 * what is given back is still handed on, so that the driver's books balance. Thread-safe. Owns the driver behind it.
 */
final class FailFastDriver implements CudaDriver {
  private final CudaDriver driver;
  private final AtomicReference<DeviceException> loss = new AtomicReference<>();
  private final AtomicLong failures = new AtomicLong();

  FailFastDriver(CudaDriver driver) {
    this.driver = driver;
  }

  /** Calls that failed so far. */
  long failures() {
    return failures.get();
  }

  private void failed(DeviceException failure) {
    failures.incrementAndGet();
    if (failure.kind() == DeviceException.Kind.LOST) {
      loss.compareAndSet(null, failure);
    }
  }

  private <T> T work(Supplier<T> call) {
    DeviceException earlier = loss.get();
    if (earlier != null) {
      failures.incrementAndGet();
      throw new DeviceException(DeviceException.Kind.LOST, "the device was lost earlier: " + earlier.getMessage(), earlier);
    }
    try {
      return call.get();
    } catch (DeviceException e) {
      failed(e);
      throw e;
    }
  }

  private void work(Runnable call) {
    work(() -> {
      call.run();
      return null;
    });
  }

  private void release(Runnable call) {
    DeviceException earlier = loss.get();
    try {
      call.run();
    } catch (DeviceException e) {
      failed(e);
      if (earlier == null) {
        throw e;
      }
      // A lost device answers every call with its loss, which its users have been told.
      if (earlier != e) {
        earlier.addSuppressed(e);
      }
    }
  }

  @Override
  public DeviceProperties device() {
    return driver.device();
  }

  @Override
  public long allocate(long bytes) {
    return work(() -> driver.allocate(bytes));
  }

  @Override
  public void free(long address) {
    release(() -> driver.free(address));
  }

  @Override
  public MemorySegment allocatePinned(long bytes) {
    return work(() -> driver.allocatePinned(bytes));
  }

  @Override
  public void freePinned(MemorySegment memory) {
    release(() -> driver.freePinned(memory));
  }

  @Override
  public long createStream() {
    return work(driver::createStream);
  }

  @Override
  public void destroyStream(long stream) {
    release(() -> driver.destroyStream(stream));
  }

  @Override
  public long createEvent() {
    return work(driver::createEvent);
  }

  @Override
  public void destroyEvent(long event) {
    release(() -> driver.destroyEvent(event));
  }

  @Override
  public void record(long event, long stream) {
    work(() -> driver.record(event, stream));
  }

  @Override
  public void await(long stream, long event) {
    work(() -> driver.await(stream, event));
  }

  @Override
  public void synchronizeEvent(long event) {
    work(() -> driver.synchronizeEvent(event));
  }

  @Override
  public float elapsedMillis(long start, long end) {
    return work(() -> driver.elapsedMillis(start, end));
  }

  @Override
  public void synchronize(long stream) {
    work(() -> driver.synchronize(stream));
  }

  @Override
  public void copyToDevice(long to, MemorySegment from, long stream) {
    work(() -> driver.copyToDevice(to, from, stream));
  }

  @Override
  public void copyToHost(MemorySegment to, long from, long stream) {
    work(() -> driver.copyToHost(to, from, stream));
  }

  @Override
  public void fill(long address, byte value, long bytes, long stream) {
    work(() -> driver.fill(address, value, bytes, stream));
  }

  @Override
  public void launch(KernelLaunch launch, long stream) {
    work(() -> driver.launch(launch, stream));
  }

  @Override
  public void matmul(MatrixProduct product, long stream) {
    work(() -> driver.matmul(product, stream));
  }

  @Override
  public MemorySegment encodeTensorMap(TensorMap map) {
    return work(() -> driver.encodeTensorMap(map));
  }

  @Override
  public void beginCapture(long stream) {
    work(() -> driver.beginCapture(stream));
  }

  @Override
  public long endCapture(long stream) {
    return work(() -> driver.endCapture(stream));
  }

  @Override
  public void launchGraph(long graph, long stream) {
    work(() -> driver.launchGraph(graph, stream));
  }

  @Override
  public void destroyGraph(long graph) {
    release(() -> driver.destroyGraph(graph));
  }

  @Override
  public long allocatedBytes() {
    return driver.allocatedBytes();
  }

  @Override
  public long liveObjects() {
    return driver.liveObjects();
  }

  @Override
  public void close() {
    release(driver::close);
  }
}
