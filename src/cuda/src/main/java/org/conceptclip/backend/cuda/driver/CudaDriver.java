package org.conceptclip.backend.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * All that the CUDA backend asks of a device: the seam between the backend and a real GPU, or the emulator.
 *
 * <p>Device memory is addressed by plain numbers, as CUDA does; the backend owns what it allocates. Streams, events and
 * graphs are handles that the driver makes. Every call checks its status and throws {@link CudaException} with the call's name
 * and sizes. Work on one stream is done in order; calls that take a stream return before the work is done, except {@link
 * #synchronize}. After a failure of kind LOST every later call fails at once with that failure as its cause,
 * and calls that release something succeed. Thread-safe: any thread may call, a driver makes its context current where necessary.
 */
public interface CudaDriver extends AutoCloseable {
  DeviceProperties device();

  /** Device memory, aligned to 256 bytes, not initialised. Throws a {@link CudaException} of kind MEMORY when there is not enough. */
  long allocate(long bytes);

  void free(long address);

  /** Page-locked host memory: copies from and to it overlap with other work. */
  MemorySegment allocatePinned(long bytes);

  void freePinned(MemorySegment memory);

  long createStream();

  void destroyStream(long stream);

  long createEvent();

  void destroyEvent(long event);

  /** Marks all work given to the stream so far. */
  void record(long event, long stream);

  /** Later work on {@code stream} begins after what {@code event} marks. */
  void await(long stream, long event);

  /** Waits until all work of the stream is done; a fault of that work surfaces here. */
  void synchronize(long stream);

  /**
   * Copies native memory to the device: page-locked memory after the call, other memory during or after it. It must neither
   * change nor be released before the copy is done.
   */
  void copyToDevice(long to, MemorySegment from, long stream);

  /** Copies to native memory, which holds the data once the copy is done and must not be released before. */
  void copyToHost(MemorySegment to, long from, long stream);

  /** Sets {@code bytes} bytes. */
  void fill(long address, byte value, long bytes, long stream);

  /** Launches a kernel of {@code kernels/}. Its module is loaded on first use. */
  void launch(KernelLaunch launch, long stream);

  /** Name and version of the library that computes {@link #matmul}; empty where it is absent, then {@link #matmul} fails. */
  Optional<String> productLibrary();

  /** A matrix product through cuBLASLt (on the emulator: the same sums in plain code). */
  void matmul(MatmulCall product, long stream);

  /**
   * The 128 bytes that describe a tensor to the bulk copy engine; the caller puts them into a kernel's arguments, at an
   * alignment of 64.
   */
  MemorySegment encodeTensorMap(TensorMap map);

  /** Records the stream's work from now on instead of doing it. */
  void beginCapture(long stream);

  /**
   * Ends recording and makes the work executable as one graph. Device and host memory that the work uses must stay
   * allocated as long as the graph is launched.
   */
  long endCapture(long stream);

  /** Queues a graph on the stream that it was captured on, whose workspace its products use. */
  void launchGraph(long graph, long stream);

  void destroyGraph(long graph);

  /** Bytes of device memory that are allocated through this driver. */
  long allocatedBytes();

  /** Streams, events, graphs, pinned blocks and device blocks that are alive: 0 once everything is released. */
  long liveObjects();

  @Override
  void close();
}
