package org.conceptclip.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.Pointer;

/**
 * A kernel with one worker's argument table: addresses are set and the primitive runs without allocating anything. Not
 * thread-safe; owned by its {@link WorkerContext}.
 */
final class BoundKernel implements AutoCloseable {
  /** A pointer that can be aimed: spares an object for each address. */
  private static final class Address extends Pointer {
    Address() {
      super((Pointer) null);
    }

    Address at(long target) {
      address = target;
      return this;
    }
  }

  private final OneDnn dnn;
  private final Kernel kernel;
  private final dnnl_stream stream;
  private final dnnl_memory[] memories; // the kernel's arguments, then the scratchpad
  private final dnnl_exec_arg_t table;
  private final Address handle = new Address();
  private final long[] current;

  BoundKernel(OneDnn dnn, Kernel kernel, dnnl_stream stream) {
    this.dnn = dnn;
    this.kernel = kernel;
    this.stream = stream;
    int count = kernel.argumentCount();
    memories = new dnnl_memory[count + 1];
    current = new long[count + 1];
    table = new dnnl_exec_arg_t(count + 1);
    for (int i = 0; i <= count; i++) {
      boolean scratchpad = i == count;
      memories[i] = dnn.memory(scratchpad ? kernel.scratchpadLayout() : kernel.layout(i));
      table.position(i).arg(scratchpad ? DNNL_ARG_SCRATCHPAD : kernel.argument(i)).memory(memories[i]);
    }
    table.position(0);
  }

  /** Aims argument {@code index} of the kernel at an address. */
  BoundKernel aim(int index, long address) {
    if (current[index] != address) {
      OneDnn.check(dnnl_memory_set_data_handle(memories[index], handle.at(address)), "dnnl_memory_set_data_handle",
          kernel.what());
      current[index] = address;
    }
    return this;
  }

  /** Runs on the calling thread; the scratchpad is the worker's. */
  void run(long scratchpadAddress) {
    aim(memories.length - 1, scratchpadAddress);
    OneDnn.check(dnnl_primitive_execute(kernel.primitive(), stream, memories.length, table), "dnnl_primitive_execute",
        kernel.what());
  }

  @Override
  public void close() {
    for (dnnl_memory memory : memories) {
      dnn.destroy(memory);
    }
    table.deallocate();
  }
}
