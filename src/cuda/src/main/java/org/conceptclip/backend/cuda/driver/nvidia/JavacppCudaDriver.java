package org.conceptclip.backend.cuda.driver.nvidia;

import static org.bytedeco.cuda.global.cudart.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudart.CUtensorMap;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;
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
 * A real NVIDIA device: CUDA's driver API and cuBLASLt through JavaCPP.
 *
 * <p>Handles are this driver's own numbers. Streams do not wait for the default stream. A graph runs on the stream that it was
 * captured on, whose workspace its products use. Once the device is lost, releases only update the counts. Thread-safe.
 */
public final class JavacppCudaDriver implements CudaDriver {
  /** That of a tensor map inside an argument, the largest there is. */
  private static final int ARGUMENT_ALIGNMENT = 64;

  private static final int TENSOR_MAP_BYTES = 128;

  /** A stream, and the workspace of its matrix products, which the first product allocates. */
  private static final class Stream {
    final CUstream_st stream;
    long workspace;

    Stream(CUstream_st stream) {
      this.stream = stream;
    }
  }

  private record Graph(CUgraphExec_st graph, long stream) {}

  private final CudaStatus status;
  private final CudaContext context;
  private final KernelModules modules;
  private final CublasLt cublasLt;
  private final AtomicLong lastHandle = new AtomicLong();
  private final DeviceBlocks deviceBlocks = new DeviceBlocks();
  private final Handles<Pointer> pinnedBlocks = new Handles<>("pinned block", lastHandle);
  private final Handles<Stream> streams = new Handles<>("stream", lastHandle);
  private final Handles<CUevent_st> events = new Handles<>("event", lastHandle);
  private final Handles<Graph> graphs = new Handles<>("graph", lastHandle);
  private volatile boolean closed;

  private JavacppCudaDriver(CudaStatus status, CudaContext context, KernelModules modules, CublasLt cublasLt) {
    this.status = status;
    this.context = context;
    this.modules = modules;
    this.cublasLt = cublasLt;
  }

  /**
   * Opens a device. The algorithms that cuBLASLt chooses are kept in the user's cache folder.
   *
   * @param index of the device, among those that CUDA_VISIBLE_DEVICES leaves visible
   * @param librariesFolder where the CUDA runtime and cuBLAS lie, instead of the usual places
   * @param notices gets one line for each thing that is worth knowing and no failure
   * @throws BackendUnavailableException if a library, the driver or the device is absent or too old; the message names it
   */
  public static JavacppCudaDriver open(int index, Optional<Path> librariesFolder, Consumer<String> notices) {
    return open(index, librariesFolder, AlgorithmCache::userFolder, notices);
  }

  static JavacppCudaDriver open(int index, Optional<Path> librariesFolder, Path cacheFolder, Consumer<String> notices) {
    return open(index, librariesFolder, unused -> Optional.of(cacheFolder), notices);
  }

  private static JavacppCudaDriver open(
      int index, Optional<Path> librariesFolder, Function<Consumer<String>, Optional<Path>> cacheFolder, Consumer<String> notices) {
    CudaLibraries.load(librariesFolder);
    CudaStatus status = new CudaStatus();
    Closer opened = new Closer();
    CudaContext context = opened.own(CudaContext.open(index, status));
    try {
      KernelModules modules = new KernelModules(status, KernelIndex.forCapability(context.properties().capability()));
      context.makeCurrent();
      CublasLt cublasLt = new CublasLt(status, context.properties(), cacheFolder.apply(notices), notices);
      CudaBindings.driverOpened();
      return new JavacppCudaDriver(status, context, modules, cublasLt);
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
  public long allocate(long bytes) {
    enter("cuMemAlloc");
    long address = allocateUncounted(bytes);
    deviceBlocks.add(address, bytes);
    return address;
  }

  private long allocateUncounted(long bytes) {
    long[] address = new long[1];
    status.check("cuMemAlloc", cuMemAlloc(address, bytes),
        () -> bytes + " bytes, with " + deviceBlocks.allocatedBytes() + " in use by this driver");
    return address[0];
  }

  @Override
  public void free(long address) {
    enterRelease();
    deviceBlocks.remove("cuMemFree", address);
    status.checkRelease("cuMemFree", cuMemFree(address));
  }

  @Override
  public MemorySegment allocatePinned(long bytes) {
    enter("cuMemHostAlloc");
    Pointer memory = new RawPointer(0);
    // Portable: pinned in every context.
    status.check("cuMemHostAlloc", cuMemHostAlloc(memory, bytes, CU_MEMHOSTALLOC_PORTABLE), () -> bytes + " bytes");
    pinnedBlocks.put(memory.address(), memory);
    return MemorySegment.ofAddress(memory.address()).reinterpret(bytes);
  }

  @Override
  public void freePinned(MemorySegment memory) {
    enterRelease();
    release(pinnedBlocks.remove("cuMemFreeHost", memory.address()));
  }

  private void release(Pointer pinned) {
    status.checkRelease("cuMemFreeHost", cuMemFreeHost(pinned));
  }

  @Override
  public long createStream() {
    enter("cuStreamCreate");
    CUstream_st stream = new CUstream_st();
    status.check("cuStreamCreate", cuStreamCreate(stream, CU_STREAM_NON_BLOCKING));
    return streams.add(new Stream(stream));
  }

  @Override
  public void destroyStream(long stream) {
    enterRelease();
    release(streams.remove("cuStreamDestroy", stream));
  }

  private void release(Stream removed) {
    try (Closer releases = new Closer()) {
      if (removed.workspace != 0) {
        releases.own(() -> status.checkRelease("cuMemFree", cuMemFree(removed.workspace)));
      }
      releases.own(() -> status.checkRelease("cuStreamDestroy", cuStreamDestroy(removed.stream)));
      // Its work goes on after cuStreamDestroy, in the workspace, which is therefore released when the work is done.
      releases.own(() -> status.checkRelease("cuStreamSynchronize", cuStreamSynchronize(removed.stream)));
    }
  }

  @Override
  public long createEvent() {
    enter("cuEventCreate");
    CUevent_st event = new CUevent_st();
    status.check("cuEventCreate", cuEventCreate(event, CU_EVENT_DEFAULT));
    return events.add(event);
  }

  @Override
  public void destroyEvent(long event) {
    enterRelease();
    release(events.remove("cuEventDestroy", event));
  }

  private void release(CUevent_st event) {
    status.checkRelease("cuEventDestroy", cuEventDestroy(event));
  }

  @Override
  public void record(long event, long stream) {
    CUstream_st target = enter("cuEventRecord", stream).stream;
    status.check("cuEventRecord", cuEventRecord(events.get("cuEventRecord", event), target));
  }

  @Override
  public void await(long stream, long event) {
    CUstream_st target = enter("cuStreamWaitEvent", stream).stream;
    status.check("cuStreamWaitEvent", cuStreamWaitEvent(target, events.get("cuStreamWaitEvent", event), 0));
  }

  @Override
  public void synchronize(long stream) {
    status.check("cuStreamSynchronize", cuStreamSynchronize(enter("cuStreamSynchronize", stream).stream));
  }

  @Override
  public void copyToDevice(long to, MemorySegment from, long stream) {
    CUstream_st target = enter("cuMemcpyHtoDAsync", stream).stream;
    long bytes = HostMemory.requireNative("cuMemcpyHtoDAsync", from).byteSize();
    deviceBlocks.requireInside("cuMemcpyHtoDAsync", to, bytes);
    status.check("cuMemcpyHtoDAsync", cuMemcpyHtoDAsync(to, new RawPointer(from.address()), bytes, target), () -> bytes + " bytes");
  }

  @Override
  public void copyToHost(MemorySegment to, long from, long stream) {
    CUstream_st target = enter("cuMemcpyDtoHAsync", stream).stream;
    long bytes = HostMemory.requireWritable("cuMemcpyDtoHAsync", to).byteSize();
    deviceBlocks.requireInside("cuMemcpyDtoHAsync", from, bytes);
    status.check("cuMemcpyDtoHAsync", cuMemcpyDtoHAsync(new RawPointer(to.address()), from, bytes, target), () -> bytes + " bytes");
  }

  @Override
  public void fill(long address, byte value, long bytes, long stream) {
    CUstream_st target = enter("cuMemsetD8Async", stream).stream;
    deviceBlocks.requireInside("cuMemsetD8Async", address, bytes);
    status.check("cuMemsetD8Async", cuMemsetD8Async(address, value, bytes, target), () -> bytes + " bytes");
  }

  @Override
  public void launch(KernelLaunch launch, long stream) {
    CUstream_st target = enter("cuLaunchKernel", stream).stream;
    CUfunc_st function = modules.function(launch);
    try (Arena arena = Arena.ofConfined()) {
      // CUDA copies the argument during the call, from wherever it lies outside the Java heap.
      MemorySegment argument = arena.allocate(launch.arguments().byteSize(), ARGUMENT_ALIGNMENT).copyFrom(launch.arguments());
      // Of the two ways to pass arrays of pointers this one leaves the other array out: a plain Pointer is passed as an array of one.
      PointerPointer<Pointer> pointers =
          new PointerPointer<>(new RawPointer(arena.allocateFrom(ValueLayout.ADDRESS, argument).address()));
      status.check("cuLaunchKernel",
          cuLaunchKernel(function, launch.gridX(), launch.gridY(), 1, launch.threads(), 1, 1, launch.sharedBytes(),
              target, pointers, (PointerPointer<?>) null),
          launch::describe);
    }
  }

  @Override
  public Optional<String> productLibrary() {
    return Optional.of(CublasLt.version());
  }

  @Override
  public void matmul(MatmulCall product, long stream) {
    Stream target = enter("cublasLtMatmul", stream);
    cublasLt.matmul(product, target.stream, workspace(target));
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
      MemorySegment encoded = arena.allocate(TENSOR_MAP_BYTES, ARGUMENT_ALIGNMENT);
      status.check("cuTensorMapEncodeTiled",
          cuTensorMapEncodeTiled(new CUtensorMap(new RawPointer(encoded.address())),
              map.element() == TensorMap.Element.F16 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT16 : CU_TENSOR_MAP_DATA_TYPE_UINT8, rank,
              new RawPointer(map.address()), map.extents(), map.strideBytes(), map.box(), everyElement,
              CU_TENSOR_MAP_INTERLEAVE_NONE, map.swizzle().ordinal(), CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
              CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE),
          map::describe);
      return MemorySegment.ofArray(encoded.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Override
  public void beginCapture(long stream) {
    Stream target = enter("cuStreamBeginCapture", stream);
    // Before the capture: memory that a graph allocates would be the graph's.
    workspace(target);
    // Relaxed: modules that are loaded and memory that is allocated meanwhile, here or on another thread, are not part of it.
    status.check("cuStreamBeginCapture", cuStreamBeginCapture(target.stream, CU_STREAM_CAPTURE_MODE_RELAXED));
  }

  @Override
  public long endCapture(long stream) {
    CUstream_st source = enter("cuStreamEndCapture", stream).stream;
    CUgraph_st captured = new CUgraph_st();
    status.check("cuStreamEndCapture", cuStreamEndCapture(source, captured));
    try {
      CUgraphExec_st executable = new CUgraphExec_st();
      status.check("cuGraphInstantiate", cuGraphInstantiate(executable, captured, 0));
      return graphs.add(new Graph(executable, stream));
    } finally {
      status.checkRelease("cuGraphDestroy", cuGraphDestroy(captured));
    }
  }

  @Override
  public void launchGraph(long graph, long stream) {
    CUstream_st target = enter("cuGraphLaunch", stream).stream;
    Graph launched = graphs.get("cuGraphLaunch", graph);
    if (launched.stream != stream) {
      throw new CudaException(Kind.FAILED, "cuGraphLaunch", "CUDA_ERROR_INVALID_VALUE",
          "stream " + stream + "; the graph was captured on stream " + launched.stream + " and uses its workspace");
    }
    status.check("cuGraphLaunch", cuGraphLaunch(launched.graph, target));
  }

  @Override
  public void destroyGraph(long graph) {
    enterRelease();
    release(graphs.remove("cuGraphExecDestroy", graph));
  }

  private void release(Graph graph) {
    status.checkRelease("cuGraphExecDestroy", cuGraphExecDestroy(graph.graph));
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
      releases.own(CudaBindings::driverClosed);
      releases.own(context::close);
      releases.own(modules::close);
      releases.own(cublasLt::close);
      for (long address : deviceBlocks.addresses()) {
        releases.own(() -> {
          deviceBlocks.remove("cuMemFree", address);
          status.checkRelease("cuMemFree", cuMemFree(address));
        });
      }
      pinnedBlocks.removeAll(pinned -> releases.own(() -> release(pinned)));
      graphs.removeAll(graph -> releases.own(() -> release(graph)));
      events.removeAll(event -> releases.own(() -> release(event)));
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
