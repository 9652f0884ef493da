package org.conceptclip.backend.cuda.driver;

import java.lang.foreign.MemorySegment;

/**
 * One launch of a kernel.
 *
 * @param kernel its name, as in {@code kernels/}
 * @param threads of a block
 * @param sharedBytes dynamic shared memory of a block
 * @param arguments the kernel's one argument, laid out as its C struct
 */
public record KernelLaunch(
    String kernel, int gridX, int gridY, int threads, int sharedBytes, MemorySegment arguments) {
  /** One line for messages: name, grid, block, bytes. */
  public String describe() {
    return kernel + " <<<" + gridX + " x " + gridY + ", " + threads + ", " + sharedBytes + " bytes>>>, "
        + arguments.byteSize() + " argument bytes";
  }
}
