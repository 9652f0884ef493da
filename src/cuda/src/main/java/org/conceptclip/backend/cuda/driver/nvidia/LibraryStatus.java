package org.conceptclip.backend.cuda.driver.nvidia;

import java.util.function.Supplier;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;

/** Turns what a library on top of the driver returns into exceptions. Thread-safe; the context must be current. */
abstract class LibraryStatus {
  private final CudaStatus cuda;

  /** @param cuda of the driver, which knows whether the device is lost */
  LibraryStatus(CudaStatus cuda) {
    this.cuda = cuda;
  }

  abstract boolean isSuccess(int status);

  /** Whether a status says that memory did not suffice. */
  abstract boolean isMemory(int status);

  /** The library's own name for a status. */
  abstract String name(int status);

  final void check(String call, int status) {
    check(call, status, () -> "");
  }

  /**
   * Throws unless a status is success.
   *
   * @param details names and sizes for the message
   */
  final void check(String call, int status, Supplier<String> details) {
    if (isSuccess(status)) {
      return;
    }
    String name = name(status);
    if (isMemory(status)) {
      throw new CudaException(Kind.MEMORY, call, name, details.get());
    }
    // The libraries report a lost device as a failure of their own. Any call of the driver tells the difference.
    cuda.checkAlive(() -> "after " + call + ": " + name);
    throw new CudaException(Kind.FAILED, call, name, details.get());
  }

  /** {@link #check} for calls that release something: on a lost device there is nothing left to release. */
  final void release(String call, int status) {
    if (!cuda.health.lost()) {
      check(call, status);
    }
  }
}
