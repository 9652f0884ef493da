package org.conceptclip.backend.cpu;

import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.conceptclip.util.Closer;

/** What one thread works with: its stream, its bound kernels, its scratch memory. Not thread-safe. */
final class WorkerContext implements AutoCloseable {
  private final OneDnn dnn;
  private final long stream;
  private BoundKernel[] bound = new BoundKernel[64];
  private NativeMemory scratchpad;
  private NativeMemory[] scratch = new NativeMemory[4];
  private float[][] floats = new float[4][0];

  WorkerContext(OneDnn dnn) {
    this.dnn = dnn;
    this.stream = dnn.stream();
  }

  /** The kernel bound to this worker's argument table. */
  BoundKernel bind(Kernel kernel) {
    int id = kernel.id();
    if (id >= bound.length) {
      bound = Arrays.copyOf(bound, Math.max(id + 1, bound.length * 2));
    }
    BoundKernel result = bound[id];
    if (result == null) {
      result = new BoundKernel(dnn, kernel, stream);
      bound[id] = result;
    }
    return result;
  }

  /** Runs a kernel bound here, after {@link BoundKernel#aim} of its arguments. */
  void run(Kernel kernel) {
    if (scratchpad == null || scratchpad.bytes() < kernel.scratchpadBytes()) {
      scratchpad = grown(scratchpad, kernel.scratchpadBytes());
    }
    bind(kernel).run(scratchpad.address());
  }

  /** Address of scratch memory number {@code slot} (0 to 3) of at least so many bytes; its content does not last. */
  long scratch(int slot, long bytes) {
    if (scratch[slot] == null || scratch[slot].bytes() < bytes) {
      scratch[slot] = grown(scratch[slot], bytes);
    }
    return scratch[slot].address();
  }

  /** Heap scratch number {@code slot} (0 to 3) of at least so many floats; its content does not last. */
  float[] floats(int slot, int length) {
    if (floats[slot].length < length) {
      floats[slot] = new float[length];
    }
    return floats[slot];
  }

  private NativeMemory grown(NativeMemory old, long bytes) {
    NativeMemory result = NativeMemory.allocate(Math.max(bytes, 1 << 16));
    if (old != null) {
      old.close();
    }
    return result;
  }

  @Override
  public void close() {
    Stream<AutoCloseable> owned = Stream.of(Stream.of(bound), Stream.ofNullable(scratchpad), Stream.of(scratch)).flatMap(some -> some);
    try {
      Closer.closeAll(owned.filter(Objects::nonNull).toList());
    } finally {
      dnn.destroyStream(stream);
    }
  }
}
