package org.conceptclip.backend.cuda;

import org.conceptclip.backend.cuda.driver.CudaDriver;

/** A block of device memory. Owns it: freed once, when closed. Not thread-safe. */
final class DeviceBuffer implements AutoCloseable {
  private final CudaDriver driver;
  private final long address;
  private final long bytes;
  private boolean open = true;

  /** @throws org.conceptclip.backend.DeviceException of kind MEMORY if there is not enough */
  DeviceBuffer(CudaDriver driver, long bytes) {
    this.driver = driver;
    this.bytes = bytes;
    this.address = driver.allocate(bytes);
  }

  long address() {
    return address;
  }

  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      driver.free(address);
    }
  }
}
