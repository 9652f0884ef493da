package org.conceptclip.backend.cpu;

import java.lang.foreign.ValueLayout;

/**
 * A kernel with one worker's argument table: addresses are set and the primitive runs without allocating anything. Not
 * thread-safe; owned by its {@link WorkerContext}.
 */
final class BoundKernel implements AutoCloseable {
  /** {@code dnnl_exec_arg_t}: an int, padding, the address of a memory object. */
  private static final int ENTRY_BYTES = 16;

  private final OneDnn dnn;
  private final Kernel kernel;
  private final long stream;
  private final long[] memories; // the kernel's arguments, then the scratchpad
  private final NativeMemory table;
  private final long[] current;

  BoundKernel(OneDnn dnn, Kernel kernel, long stream) {
    this.dnn = dnn;
    this.kernel = kernel;
    this.stream = stream;
    int count = kernel.arguments().length;
    current = new long[count + 1];
    table = NativeMemory.allocate((long) ENTRY_BYTES * (count + 1));
    try {
      memories = dnn.whole(() -> memories(dnn, kernel));
    } catch (RuntimeException | Error e) {
      table.close();
      throw e;
    }
    for (int i = 0; i <= count; i++) {
      table.segment().set(ValueLayout.JAVA_INT, (long) i * ENTRY_BYTES, i == count ? Dnnl.SCRATCHPAD : kernel.arguments()[i]);
      table.segment().set(ValueLayout.JAVA_LONG, (long) i * ENTRY_BYTES + 8, memories[i]);
    }
  }

  private static long[] memories(OneDnn dnn, Kernel kernel) {
    long[] memories = new long[kernel.arguments().length + 1];
    for (int i = 0; i < memories.length; i++) {
      memories[i] = dnn.memory(i == memories.length - 1 ? kernel.scratchpadLayout() : kernel.layout(i));
    }
    return memories;
  }

  /** Aims argument {@code index} of the kernel at an address. */
  BoundKernel aim(int index, long address) {
    if (current[index] != address) {
      dnn.aim(memories[index], address, kernel.what());
      current[index] = address;
    }
    return this;
  }

  /** Runs on the calling thread; the scratchpad is the worker's. */
  void run(long scratchpadAddress) {
    aim(memories.length - 1, scratchpadAddress);
    dnn.execute(kernel.primitive(), stream, memories.length, table.address(), kernel.what());
  }

  @Override
  public void close() {
    for (long memory : memories) {
      dnn.destroyMemory(memory);
    }
    table.close();
  }
}
