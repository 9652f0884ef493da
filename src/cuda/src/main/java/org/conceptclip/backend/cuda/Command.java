package org.conceptclip.backend.cuda;

import java.nio.ByteBuffer;
import org.conceptclip.backend.cuda.driver.Kernel;
import org.conceptclip.backend.cuda.driver.MatmulCall;

/** One piece of recorded device work. Two are equal when they do the same to the same memory. */
sealed interface Command {
  /**
   * A kernel's launch.
   *
   * @param arguments the struct's bytes; nobody writes to them
   */
  record Launch(Kernel kernel, int blocksX, int blocksY, ByteBuffer arguments) implements Command {}

  record Product(MatmulCall product) implements Command {}

  /** Sets {@code bytes} bytes at {@code address} to zero. */
  record Zero(long address, long bytes) implements Command {}
}
