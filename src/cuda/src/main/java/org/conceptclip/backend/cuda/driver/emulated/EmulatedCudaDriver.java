package org.conceptclip.backend.cuda.driver.emulated;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.DeviceBlocks;
import org.conceptclip.backend.cuda.driver.DeviceHealth;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.cuda.driver.Handles;
import org.conceptclip.backend.cuda.driver.HostMemory;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.backend.cuda.driver.TensorMap;
import org.conceptclip.util.Closer;

/**
 * A device on the CPU: kernels run from the same sources, and work is done as late as CUDA allows.
 *
 * <p>Stricter than a GPU on purpose: work of a stream starts only when a caller waits for it, host memory is read and written at
 * that moment whether it is page-locked or not, freed device memory faults at once, and captures hold the work of one stream. A
 * fault of queued work surfaces where it is waited for and loses the device, as CUDA's sticky errors do. Thread-safe.
 */
public final class EmulatedCudaDriver implements CudaDriver {
  private static final int TENSOR_MAP_BYTES = 128;

  /** An event: what it marks, once recorded. */
  private static final class Event {
    EmulatedStream.Mark latestOrNull;
  }

  private record Graph(List<Runnable> work, long stream) {}

  private final EmulatedDevice device;
  private final EmulatorLibrary library;
  private final AtomicLong lastHandle = new AtomicLong();
  private final DeviceBlocks deviceBlocks = new DeviceBlocks();
  private final Handles<Arena> pinnedBlocks = new Handles<>("pinned block", lastHandle);
  private final Handles<EmulatedStream> streams = new Handles<>("stream", lastHandle);
  private final Handles<Event> events = new Handles<>("event", lastHandle);
  private final Handles<Graph> graphs = new Handles<>("graph", lastHandle);
  private final DeviceHealth health = new DeviceHealth();
  private boolean closed;

  /** Why no emulated device can be opened here, in one line; empty when there is a library, or sources to build one from. */
  public static Optional<String> absence() {
    return EmulatorLocation.absence();
  }

  /**
   * A device on the emulator of this checkout, which is built if its sources changed.
   *
   * @param notices gets what the build says
   * @throws BackendUnavailableException if there is no emulator and no way to build it
   */
  public static EmulatedCudaDriver open(EmulatedDevice device, Consumer<String> notices) {
    return new EmulatedCudaDriver(device, EmulatorLocation.find(notices));
  }

  /**
   * A device on the emulator in this file.
   *
   * @throws BackendUnavailableException if the file is no emulator
   */
  public EmulatedCudaDriver(EmulatedDevice device, Path library) {
    this.device = device;
    this.library = EmulatorLibrary.load(library);
  }

  @Override
  public DeviceProperties device() {
    return device.properties();
  }

  @Override
  public synchronized long allocate(long bytes) {
    requireReady("cuMemAlloc");
    requirePositive("cuMemAlloc", bytes);
    long allocated = deviceBlocks.allocatedBytes();
    if (bytes > device.memoryBytes() - allocated) {
      throw new CudaException(Kind.MEMORY, "cuMemAlloc", "CUDA_ERROR_OUT_OF_MEMORY",
          bytes + " bytes, with " + allocated + " of " + device.memoryBytes() + " in use");
    }
    long address = library.allocate(bytes);
    deviceBlocks.add(address, bytes);
    return address;
  }

  @Override
  public synchronized void free(long address) {
    requireOpen();
    deviceBlocks.remove("cuMemFree", address);
    library.free(address);
  }

  @Override
  public synchronized MemorySegment allocatePinned(long bytes) {
    requireReady("cuMemHostAlloc");
    requirePositive("cuMemHostAlloc", bytes);
    Arena arena = Arena.ofShared();
    MemorySegment memory = arena.allocate(bytes, 4096);
    pinnedBlocks.put(memory.address(), arena);
    return memory;
  }

  @Override
  public synchronized void freePinned(MemorySegment memory) {
    requireOpen();
    pinnedBlocks.remove("cuMemFreeHost", memory.address()).close();
  }

  @Override
  public synchronized long createStream() {
    requireReady("cuStreamCreate");
    return streams.add(new EmulatedStream());
  }

  @Override
  public synchronized void destroyStream(long stream) {
    requireOpen();
    EmulatedStream removed = streams.remove("cuStreamDestroy", stream);
    if (!health.lost()) {
      // CUDA still does the work that a stream was given before it is destroyed.
      work(removed::drain);
    }
    removed.discard();
  }

  @Override
  public synchronized long createEvent() {
    requireReady("cuEventCreate");
    return events.add(new Event());
  }

  @Override
  public synchronized void destroyEvent(long event) {
    requireOpen();
    events.remove("cuEventDestroy", event);
  }

  @Override
  public synchronized void record(long event, long stream) {
    EmulatedStream.Mark mark = enter("cuEventRecord", stream).mark();
    events.get("cuEventRecord", event).latestOrNull = mark;
  }

  @Override
  public synchronized void await(long stream, long event) {
    EmulatedStream waiting = enter("cuStreamWaitEvent", stream);
    EmulatedStream.Mark mark = events.get("cuStreamWaitEvent", event).latestOrNull;
    if (mark != null) {
      waiting.await(mark);
    }
  }

  @Override
  public synchronized void synchronize(long stream) {
    EmulatedStream waitedFor = enter("cuStreamSynchronize", stream);
    waitedFor.requireNotCaptured("cuStreamSynchronize");
    work(waitedFor::drain);
  }

  @Override
  public synchronized void copyToDevice(long to, MemorySegment from, long stream) {
    String call = "cuMemcpyHtoDAsync";
    EmulatedStream target = enter(call, stream);
    long bytes = HostMemory.requireNative(call, from).byteSize();
    deviceBlocks.requireInside(call, to, bytes);
    target.submit(() -> library.copyToDevice(to, HostMemory.requireAlive(call, from), bytes));
  }

  @Override
  public synchronized void copyToHost(MemorySegment to, long from, long stream) {
    String call = "cuMemcpyDtoHAsync";
    EmulatedStream target = enter(call, stream);
    long bytes = HostMemory.requireWritable(call, to).byteSize();
    deviceBlocks.requireInside(call, from, bytes);
    target.submit(() -> library.copyToHost(HostMemory.requireAlive(call, to), from, bytes));
  }

  @Override
  public synchronized void fill(long address, byte value, long bytes, long stream) {
    EmulatedStream target = enter("cuMemsetD8Async", stream);
    deviceBlocks.requireInside("cuMemsetD8Async", address, bytes);
    target.submit(() -> library.fill(address, value, bytes));
  }

  @Override
  public synchronized void launch(KernelLaunch launch, long stream) {
    EmulatedStream target = enter("cuLaunchKernel", stream);
    device.requireLaunchable(launch);
    // Kernels that need sm_90a have it in their names, as have their files.
    if (!library.hasKernel(launch.kernel()) || (device.capability() < 90 && launch.kernel().contains("_sm90"))) {
      throw new CudaException(Kind.FAILED, "cuModuleGetFunction", "CUDA_ERROR_NOT_FOUND",
          launch.kernel() + " on " + device.properties().name());
    }
    byte[] arguments = launch.arguments().toArray(ValueLayout.JAVA_BYTE);
    target.submit(() -> library.launch(launch, arguments, device.capability()));
  }

  /** Plain code stands in for cuBLASLt. */
  @Override
  public Optional<String> productLibrary() {
    return Optional.of("emulated cuBLASLt");
  }

  @Override
  public synchronized void matmul(MatmulCall product, long stream) {
    enter("cublasLtMatmul", stream).submit(() -> library.matmul(product, device.capability()));
  }

  @Override
  public synchronized MemorySegment encodeTensorMap(TensorMap map) {
    requireReady("cuTensorMapEncodeTiled");
    if (device.capability() < 90) {
      throw new CudaException(Kind.FAILED, "cuTensorMapEncodeTiled", "CUDA_ERROR_NOT_SUPPORTED",
          device.properties().name() + " has no bulk copies; sm_90 has");
    }
    MemorySegment encoded = MemorySegment.ofArray(new byte[TENSOR_MAP_BYTES]);
    library.encodeTensorMap(map, encoded);
    return encoded;
  }

  @Override
  public synchronized void beginCapture(long stream) {
    enter("cuStreamBeginCapture", stream).beginCapture();
  }

  @Override
  public synchronized long endCapture(long stream) {
    return graphs.add(new Graph(enter("cuStreamEndCapture", stream).endCapture(), stream));
  }

  @Override
  public synchronized void launchGraph(long graph, long stream) {
    EmulatedStream target = enter("cuGraphLaunch", stream);
    Graph launched = graphs.get("cuGraphLaunch", graph);
    target.requireNotCaptured("cuGraphLaunch");
    if (launched.stream != stream) {
      throw new CudaException(Kind.FAILED, "cuGraphLaunch", "CUDA_ERROR_INVALID_VALUE",
          "stream " + stream + "; the graph was captured on stream " + launched.stream);
    }
    launched.work.forEach(target::submit);
  }

  @Override
  public synchronized void destroyGraph(long graph) {
    requireOpen();
    graphs.remove("cuGraphExecDestroy", graph);
  }

  @Override
  public long allocatedBytes() {
    return deviceBlocks.allocatedBytes();
  }

  @Override
  public long liveObjects() {
    return (long) deviceBlocks.size() + pinnedBlocks.size() + streams.size() + events.size() + graphs.size();
  }

  /** Releases whatever is still alive; work that no caller waited for is not done. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try (Closer owned = new Closer()) {
      graphs.removeAll(graph -> { });
      events.removeAll(event -> { });
      pinnedBlocks.removeAll(owned::own);
      streams.removeAll(EmulatedStream::discard);
      for (long address : deviceBlocks.addresses()) {
        deviceBlocks.remove("close", address);
        owned.own(() -> library.free(address));
      }
    }
  }

  /** Does queued work. A failure in it comes long after the call that queued it, so the device is lost. */
  private void work(Runnable queued) {
    try {
      queued.run();
    } catch (CudaException e) {
      streams.objects().forEach(EmulatedStream::discard);
      throw health.note(e.kind() == Kind.LOST ? e : new CudaException(Kind.LOST, e.call(), e.status(), e.getMessage()));
    }
  }

  private static void requirePositive(String call, long bytes) {
    if (bytes < 1) {
      throw new CudaException(Kind.FAILED, call, "CUDA_ERROR_INVALID_VALUE", bytes + " bytes");
    }
  }

  private EmulatedStream enter(String call, long stream) {
    requireReady(call);
    return streams.get(call, stream);
  }

  private void requireReady(String call) {
    requireOpen();
    health.requireAlive(call);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the driver of " + device.properties().name() + " is closed");
    }
  }
}
