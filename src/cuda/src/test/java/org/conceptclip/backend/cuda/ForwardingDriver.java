package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.backend.cuda.driver.KernelLaunch;
import org.conceptclip.backend.cuda.driver.MatmulCall;
import org.conceptclip.backend.cuda.driver.TensorMap;

/** A driver in front of another one, notified of every call before it is forwarded. */
abstract class ForwardingDriver implements CudaDriver {
  /** What a call does, for those who treat kinds of calls alike. */
  enum Call {
    ALLOCATE,
    FREE,
    ALLOCATE_PINNED,
    FREE_PINNED,
    CREATE_STREAM,
    DESTROY_STREAM,
    CREATE_EVENT,
    DESTROY_EVENT,
    RECORD,
    AWAIT,
    SYNCHRONIZE,
    COPY_TO_DEVICE,
    COPY_TO_HOST,
    FILL,
    LAUNCH,
    MATMUL,
    ENCODE_TENSOR_MAP,
    BEGIN_CAPTURE,
    END_CAPTURE,
    LAUNCH_GRAPH,
    DESTROY_GRAPH,
    CLOSE;

    /** Gives something back: such a call does so even where it reports a failure. */
    boolean releases() {
      return switch (this) {
        case FREE, FREE_PINNED, DESTROY_STREAM, DESTROY_EVENT, DESTROY_GRAPH, CLOSE -> true;
        default -> false;
      };
    }
  }

  private final CudaDriver inner;

  ForwardingDriver(CudaDriver inner) {
    this.inner = inner;
  }

  /**
   * Told of a call that is about to be made.
   *
   * @param bytes that it allocates, copies or fills; 0 for others
   */
  abstract void before(Call call, long bytes);

  /** Told of a call that gave something back. */
  void afterRelease(Call call) {}

  private void release(Call call, Runnable action) {
    before(call, 0);
    action.run();
    afterRelease(call);
  }

  @Override
  public DeviceProperties device() {
    return inner.device();
  }

  @Override
  public long allocate(long bytes) {
    before(Call.ALLOCATE, bytes);
    return inner.allocate(bytes);
  }

  @Override
  public void free(long address) {
    release(Call.FREE, () -> inner.free(address));
  }

  @Override
  public MemorySegment allocatePinned(long bytes) {
    before(Call.ALLOCATE_PINNED, bytes);
    return inner.allocatePinned(bytes);
  }

  @Override
  public void freePinned(MemorySegment memory) {
    release(Call.FREE_PINNED, () -> inner.freePinned(memory));
  }

  @Override
  public long createStream() {
    before(Call.CREATE_STREAM, 0);
    return inner.createStream();
  }

  @Override
  public void destroyStream(long stream) {
    release(Call.DESTROY_STREAM, () -> inner.destroyStream(stream));
  }

  @Override
  public long createEvent() {
    before(Call.CREATE_EVENT, 0);
    return inner.createEvent();
  }

  @Override
  public void destroyEvent(long event) {
    release(Call.DESTROY_EVENT, () -> inner.destroyEvent(event));
  }

  @Override
  public void record(long event, long stream) {
    before(Call.RECORD, 0);
    inner.record(event, stream);
  }

  @Override
  public void await(long stream, long event) {
    before(Call.AWAIT, 0);
    inner.await(stream, event);
  }

  @Override
  public void synchronize(long stream) {
    before(Call.SYNCHRONIZE, 0);
    inner.synchronize(stream);
  }

  @Override
  public void copyToDevice(long to, MemorySegment from, long stream) {
    before(Call.COPY_TO_DEVICE, from.byteSize());
    inner.copyToDevice(to, from, stream);
  }

  @Override
  public void copyToHost(MemorySegment to, long from, long stream) {
    before(Call.COPY_TO_HOST, to.byteSize());
    inner.copyToHost(to, from, stream);
  }

  @Override
  public void fill(long address, byte value, long bytes, long stream) {
    before(Call.FILL, bytes);
    inner.fill(address, value, bytes, stream);
  }

  @Override
  public void launch(KernelLaunch launch, long stream) {
    before(Call.LAUNCH, 0);
    inner.launch(launch, stream);
  }

  @Override
  public Optional<String> productLibrary() {
    return inner.productLibrary();
  }

  @Override
  public void matmul(MatmulCall product, long stream) {
    before(Call.MATMUL, 0);
    inner.matmul(product, stream);
  }

  @Override
  public MemorySegment encodeTensorMap(TensorMap map) {
    before(Call.ENCODE_TENSOR_MAP, 0);
    return inner.encodeTensorMap(map);
  }

  @Override
  public void beginCapture(long stream) {
    before(Call.BEGIN_CAPTURE, 0);
    inner.beginCapture(stream);
  }

  @Override
  public long endCapture(long stream) {
    before(Call.END_CAPTURE, 0);
    return inner.endCapture(stream);
  }

  @Override
  public void launchGraph(long graph, long stream) {
    before(Call.LAUNCH_GRAPH, 0);
    inner.launchGraph(graph, stream);
  }

  @Override
  public void destroyGraph(long graph) {
    release(Call.DESTROY_GRAPH, () -> inner.destroyGraph(graph));
  }

  @Override
  public long allocatedBytes() {
    return inner.allocatedBytes();
  }

  @Override
  public long liveObjects() {
    return inner.liveObjects();
  }

  @Override
  public void close() {
    release(Call.CLOSE, inner::close);
  }
}
