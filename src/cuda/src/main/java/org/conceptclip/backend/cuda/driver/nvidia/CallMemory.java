package org.conceptclip.backend.cuda.driver.nvidia;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Native memory that a call of the CUDA driver reads or writes through pointers, so that no call allocates any: one block of {@value
 * #BYTES} bytes for each thread that calls, released some time after the thread has ended. Its content is valid until the thread's next
 * call.
 */
final class CallMemory {
  /** CUDA's limit for a kernel's arguments before CUDA 12.1, which our kernels keep to. */
  static final int ARGUMENT_BYTES = 4096;

  /** That of a tensor map inside an argument, the largest there is. */
  static final int ALIGNMENT = 64;

  private static final int POINTERS_OFFSET = ARGUMENT_BYTES;
  private static final int RESULTS_OFFSET = POINTERS_OFFSET + Long.BYTES;
  private static final int BYTES = RESULTS_OFFSET + 2 * Long.BYTES;

  /** The values are objects of the JDK: threads that outlive this class's loader do not keep it alive. */
  private static final ThreadLocal<MemorySegment> OF_THREAD = ThreadLocal.withInitial(CallMemory::allocate);

  private CallMemory() {}

  private static MemorySegment allocate() {
    MemorySegment block = Arena.ofAuto().allocate(BYTES, ALIGNMENT);
    // A launch has one argument, at the block's beginning.
    block.set(ValueLayout.JAVA_LONG, POINTERS_OFFSET, block.address());
    return block;
  }

  /** Copies a kernel's argument, from wherever it lies. Returns the address of the array of one pointer to it. */
  static long argument(MemorySegment argument) {
    MemorySegment block = OF_THREAD.get();
    MemorySegment.copy(argument, 0, block, 0, argument.byteSize());
    return block.address() + POINTERS_OFFSET;
  }

  /** The address that a call may write one or two numbers of 8 bytes to. */
  static long results() {
    return OF_THREAD.get().address() + RESULTS_OFFSET;
  }

  /** The first number that was written there. */
  static long result() {
    return OF_THREAD.get().get(ValueLayout.JAVA_LONG, RESULTS_OFFSET);
  }

  /** The first number, of 4 bytes. */
  static int intResult() {
    return OF_THREAD.get().get(ValueLayout.JAVA_INT, RESULTS_OFFSET);
  }
}
