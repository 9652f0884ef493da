package org.conceptclip.backend.cuda.driver.nvidia;

import static org.conceptclip.backend.cuda.driver.nvidia.CudaNumbers.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.AttentionCall;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.DeviceBlocks;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.cuda.driver.Handles;
import org.conceptclip.backend.cuda.driver.HostMemory;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.backend.cuda.driver.TensorMap;
import org.conceptclip.util.Closer;

/**
 * A real NVIDIA device: CUDA's driver API, and cuBLASLt where the machine has it and somebody asks for a product of it.
 *
 * <p>Handles are this driver's own numbers. Streams do not wait for the default stream. A graph runs on the stream that it was
 * captured on, whose workspace its products use. Once the device is lost, releases only update the counts. Thread-safe.
 */
public final class NvidiaCudaDriver implements CudaDriver {
  private static final int TENSOR_MAP_BYTES = 128;

  /** A stream, and the workspace of the libraries' work on it, which the first such work allocates. */
  private static final class Stream {
    final long stream;
    long workspace;

    Stream(long stream) {
      this.stream = stream;
    }
  }

  private record Graph(long graph, long stream) {}

  private final DriverApi api;
  private final CudaStatus status;
  private final CudaContext context;
  private final KernelModules modules;
  private final OptionalLibrary<CublasLt> products;
  private final OptionalLibrary<Cudnn> attention;
  private final AtomicLong lastHandle = new AtomicLong();
  private final DeviceBlocks deviceBlocks = new DeviceBlocks();
  private final Handles<Long> pinnedBlocks = new Handles<>("pinned block", lastHandle);
  private final Handles<Stream> streams = new Handles<>("stream", lastHandle);
  private final Handles<Long> events = new Handles<>("event", lastHandle);
  private final Handles<Graph> graphs = new Handles<>("graph", lastHandle);
  private volatile boolean closed;

  private NvidiaCudaDriver(DriverApi api, CudaStatus status, CudaContext context, KernelModules modules,
      OptionalLibrary<CublasLt> products, OptionalLibrary<Cudnn> attention) {
    this.api = api;
    this.status = status;
    this.context = context;
    this.modules = modules;
    this.products = products;
    this.attention = attention;
  }

  /**
   * Opens a device. It needs the NVIDIA driver and nothing else. The algorithms that cuBLASLt chooses are kept in the user's cache folder.
   *
   * @param index of the device, among those that CUDA_VISIBLE_DEVICES leaves visible
   * @param librariesFolder where cuBLASLt lies, instead of the usual places
   * @param notices gets one line for each thing that is worth knowing and no failure
   * @throws BackendUnavailableException if the driver or the device is absent or too old; the message names it
   */
  public static NvidiaCudaDriver open(int index, Optional<Path> librariesFolder, Consumer<String> notices) {
    return open(index, librariesFolder, AlgorithmCache::userFolder, notices);
  }

  static NvidiaCudaDriver open(int index, Optional<Path> librariesFolder, Path cacheFolder, Consumer<String> notices) {
    return open(index, librariesFolder, unused -> Optional.of(cacheFolder), notices);
  }

  private static NvidiaCudaDriver open(
      int index, Optional<Path> librariesFolder, Function<Consumer<String>, Optional<Path>> cacheFolder, Consumer<String> notices) {
    DriverApi api = DriverApi.load();
    CudaStatus status = new CudaStatus(api);
    Closer opened = new Closer();
    CudaContext context = opened.own(CudaContext.open(api, index, status));
    try {
      KernelModules modules = new KernelModules(api, status, KernelIndex.forCapability(context.properties().capability()));
      context.makeCurrent();
      return new NvidiaCudaDriver(api, status, context, modules,
          CublasLt.optional(status, context.properties(), librariesFolder, cacheFolder, notices),
          Cudnn.optional(status, librariesFolder, notices));
    } catch (RuntimeException e) {
      opened.closeAfter(e);
      throw e instanceof CudaException
          ? new BackendUnavailableException("CUDA: " + context.properties().name() + " cannot be used: " + e.getMessage(), e) : e;
    }
  }

  @Override
  public DeviceProperties device() {
    return context.properties();
  }

  @Override
  public Optional<String> productLibrary() {
    if (!products.isDecided()) {
      enter("cublasLtCreate");
    }
    return products.absence().isEmpty() ? Optional.of(CublasLt.version()) : Optional.empty();
  }

  @Override
  public long allocate(long bytes) {
    enter("cuMemAlloc");
    long address = allocateUncounted(bytes);
    deviceBlocks.add(address, bytes);
    return address;
  }

  private long allocateUncounted(long bytes) {
    status.check("cuMemAlloc", api.cuMemAlloc(CallMemory.results(), bytes),
        () -> bytes + " bytes, with " + deviceBlocks.allocatedBytes() + " in use by this driver");
    return CallMemory.result();
  }

  @Override
  public void free(long address) {
    enterRelease();
    deviceBlocks.remove("cuMemFree", address);
    status.checkRelease("cuMemFree", api.cuMemFree(address));
  }

  @Override
  public MemorySegment allocatePinned(long bytes) {
    enter("cuMemHostAlloc");
    // Portable: pinned in every context.
    status.check("cuMemHostAlloc", api.cuMemHostAlloc(CallMemory.results(), bytes, CU_MEMHOSTALLOC_PORTABLE), () -> bytes + " bytes");
    long address = CallMemory.result();
    pinnedBlocks.put(address, address);
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  @Override
  public void freePinned(MemorySegment memory) {
    enterRelease();
    releasePinned(pinnedBlocks.remove("cuMemFreeHost", memory.address()));
  }

  private void releasePinned(long pinned) {
    status.checkRelease("cuMemFreeHost", api.cuMemFreeHost(pinned));
  }

  @Override
  public long createStream() {
    enter("cuStreamCreate");
    status.check("cuStreamCreate", api.cuStreamCreate(CallMemory.results(), CU_STREAM_NON_BLOCKING));
    return streams.add(new Stream(CallMemory.result()));
  }

  @Override
  public void destroyStream(long stream) {
    enterRelease();
    release(streams.remove("cuStreamDestroy", stream));
  }

  private void release(Stream removed) {
    try (Closer releases = new Closer()) {
      if (removed.workspace != 0) {
        releases.own(() -> status.checkRelease("cuMemFree", api.cuMemFree(removed.workspace)));
      }
      releases.own(() -> status.checkRelease("cuStreamDestroy", api.cuStreamDestroy(removed.stream)));
      // Its work goes on after cuStreamDestroy, in the workspace, which is therefore released when the work is done.
      releases.own(() -> status.checkRelease("cuStreamSynchronize", api.cuStreamSynchronize(removed.stream)));
    }
  }

  @Override
  public long createEvent() {
    enter("cuEventCreate");
    status.check("cuEventCreate", api.cuEventCreate(CallMemory.results(), CU_EVENT_DEFAULT));
    return events.add(CallMemory.result());
  }

  @Override
  public void destroyEvent(long event) {
    enterRelease();
    releaseEvent(events.remove("cuEventDestroy", event));
  }

  private void releaseEvent(long event) {
    status.checkRelease("cuEventDestroy", api.cuEventDestroy(event));
  }

  @Override
  public void record(long event, long stream) {
    long target = enter("cuEventRecord", stream).stream;
    status.check("cuEventRecord", api.cuEventRecord(events.get("cuEventRecord", event), target));
  }

  @Override
  public void await(long stream, long event) {
    long target = enter("cuStreamWaitEvent", stream).stream;
    status.check("cuStreamWaitEvent", api.cuStreamWaitEvent(target, events.get("cuStreamWaitEvent", event), 0));
  }

  @Override
  public void synchronize(long stream) {
    status.check("cuStreamSynchronize", api.cuStreamSynchronize(enter("cuStreamSynchronize", stream).stream));
  }

  @Override
  public void copyToDevice(long to, MemorySegment from, long stream) {
    long target = enter("cuMemcpyHtoDAsync", stream).stream;
    long bytes = HostMemory.requireNative("cuMemcpyHtoDAsync", from).byteSize();
    deviceBlocks.requireInside("cuMemcpyHtoDAsync", to, bytes);
    checkBytes("cuMemcpyHtoDAsync", api.cuMemcpyHtoDAsync(to, from.address(), bytes, target), bytes);
  }

  @Override
  public void copyToHost(MemorySegment to, long from, long stream) {
    long target = enter("cuMemcpyDtoHAsync", stream).stream;
    long bytes = HostMemory.requireWritable("cuMemcpyDtoHAsync", to).byteSize();
    deviceBlocks.requireInside("cuMemcpyDtoHAsync", from, bytes);
    checkBytes("cuMemcpyDtoHAsync", api.cuMemcpyDtoHAsync(to.address(), from, bytes, target), bytes);
  }

  @Override
  public void fill(long address, byte value, long bytes, long stream) {
    long target = enter("cuMemsetD8Async", stream).stream;
    deviceBlocks.requireInside("cuMemsetD8Async", address, bytes);
    checkBytes("cuMemsetD8Async", api.cuMemsetD8Async(address, value, bytes, target), bytes);
  }

  /** Without a supplier of the details: calls of a steady pass allocate nothing. */
  private void checkBytes(String call, int result, long bytes) {
    if (result != CUDA_SUCCESS) {
      throw status.failure(call, result, bytes + " bytes");
    }
  }

  @Override
  public void launch(KernelLaunch launch, long stream) {
    long target = enter("cuLaunchKernel", stream).stream;
    long function = modules.function(launch);
    // CUDA copies the argument during the call.
    long arguments = CallMemory.argument(launch.arguments());
    int launched =
        api.cuLaunchKernel(function, launch.gridX(), launch.gridY(), launch.threads(), launch.sharedBytes(), target, arguments);
    if (launched != CUDA_SUCCESS) {
      throw status.failure("cuLaunchKernel", launched, launch.describe());
    }
  }

  @Override
  public void matmul(MatmulCall product, long stream) {
    Stream target = enter("cublasLtMatmul", stream);
    products.require("cublasLtMatmul").matmul(product, target.stream, workspace(target));
  }

  @Override
  public Optional<String> attentionLibrary() {
    if (!attention.isDecided()) {
      enter("cudnnCreate");
    }
    return attention.absence().isEmpty() ? Optional.of(Cudnn.version()) : Optional.empty();
  }

  @Override
  public void attention(AttentionCall call, long stream) {
    Stream target = enter("cudnnBackendExecute", stream);
    attention.require("cudnnBackendExecute").attention(call, target.stream, workspace(target));
  }

  private long workspace(Stream stream) {
    synchronized (stream) {
      if (stream.workspace == 0) {
        stream.workspace = allocateUncounted(CublasLt.WORKSPACE_BYTES);
      }
      return stream.workspace;
    }
  }

  @Override
  public MemorySegment encodeTensorMap(TensorMap map) {
    enter("cuTensorMapEncodeTiled");
    int rank = map.extents().length;
    int[] everyElement = new int[rank];
    Arrays.fill(everyElement, 1);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment encoded = arena.allocate(TENSOR_MAP_BYTES, CallMemory.ALIGNMENT);
      status.check("cuTensorMapEncodeTiled",
          api.cuTensorMapEncodeTiled(encoded.address(),
              map.element() == TensorMap.Element.F16 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT16 : CU_TENSOR_MAP_DATA_TYPE_UINT8, rank, map.address(),
              arena.allocateFrom(ValueLayout.JAVA_LONG, map.extents()).address(),
              arena.allocateFrom(ValueLayout.JAVA_LONG, map.strideBytes()).address(),
              arena.allocateFrom(ValueLayout.JAVA_INT, map.box()).address(),
              arena.allocateFrom(ValueLayout.JAVA_INT, everyElement).address(),
              map.swizzle().ordinal(), CU_TENSOR_MAP_L2_PROMOTION_L2_128B),
          map::describe);
      return MemorySegment.ofArray(encoded.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Override
  public void beginCapture(long stream) {
    Stream target = enter("cuStreamBeginCapture", stream);
    // What a capture's first product would allocate is better allocated before it; CUDA allows it later, too.
    if (products.isOpen() || attention.isOpen()) {
      workspace(target);
    }
    // Relaxed: modules that are loaded and memory that is allocated meanwhile, here or on another thread, are not part of it.
    status.check("cuStreamBeginCapture", api.cuStreamBeginCapture(target.stream, CU_STREAM_CAPTURE_MODE_RELAXED));
  }

  @Override
  public long endCapture(long stream) {
    long source = enter("cuStreamEndCapture", stream).stream;
    status.check("cuStreamEndCapture", api.cuStreamEndCapture(source, CallMemory.results()));
    long captured = CallMemory.result();
    int instantiated = api.cuGraphInstantiate(CallMemory.results(), captured, 0);
    Graph graph = new Graph(CallMemory.result(), stream);
    int destroyed = api.cuGraphDestroy(captured);
    status.check("cuGraphInstantiate", instantiated);
    Closer made = new Closer();
    made.own(() -> release(graph));
    try {
      status.checkRelease("cuGraphDestroy", destroyed);
      return graphs.add(graph);
    } catch (CudaException e) {
      made.closeAfter(e);
      throw e;
    }
  }

  @Override
  public void launchGraph(long graph, long stream) {
    long target = enter("cuGraphLaunch", stream).stream;
    Graph launched = graphs.get("cuGraphLaunch", graph);
    if (launched.stream != stream) {
      throw new CudaException(Kind.FAILED, "cuGraphLaunch", "CUDA_ERROR_INVALID_VALUE",
          "stream " + stream + "; the graph was captured on stream " + launched.stream + " and uses its workspace");
    }
    status.check("cuGraphLaunch", api.cuGraphLaunch(launched.graph, target));
  }

  @Override
  public void destroyGraph(long graph) {
    enterRelease();
    release(graphs.remove("cuGraphExecDestroy", graph));
  }

  private void release(Graph graph) {
    status.checkRelease("cuGraphExecDestroy", api.cuGraphExecDestroy(graph.graph));
  }

  @Override
  public long allocatedBytes() {
    return deviceBlocks.allocatedBytes();
  }

  @Override
  public long liveObjects() {
    return (long) deviceBlocks.size() + pinnedBlocks.size() + streams.size() + events.size() + graphs.size();
  }

  /** Waits for all work, releases whatever is still alive, and releases the device. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try (Closer releases = new Closer()) {
      releases.own(context::close);
      releases.own(modules::close);
      releases.own(products::close);
      releases.own(attention::close);
      for (long address : deviceBlocks.addresses()) {
        releases.own(() -> {
          deviceBlocks.remove("cuMemFree", address);
          status.checkRelease("cuMemFree", api.cuMemFree(address));
        });
      }
      pinnedBlocks.removeAll(pinned -> releases.own(() -> releasePinned(pinned)));
      graphs.removeAll(graph -> releases.own(() -> release(graph)));
      events.removeAll(event -> releases.own(() -> releaseEvent(event)));
      // Last in, first out: the streams' work ends before the memory that it uses is released.
      streams.removeAll(stream -> releases.own(() -> release(stream)));
      releases.own(context::makeCurrentForRelease);
    }
  }

  private void enter(String call) {
    requireOpen();
    status.health.requireAlive(call);
    context.makeCurrent();
  }

  private Stream enter(String call, long stream) {
    enter(call);
    return streams.get(call, stream);
  }

  private void enterRelease() {
    requireOpen();
    context.makeCurrentForRelease();
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the driver of " + context.properties().name() + " is closed");
    }
  }
}
