package org.conceptclip.backend.cuda.driver;

import org.conceptclip.backend.DeviceException.Kind;

/** Remembers that a device was lost, so that whoever comes later learns it with the first cause. Thread-safe. */
final class DeviceHealth {
  private volatile CudaException lossOrNull;

  boolean lost() {
    return lossOrNull != null;
  }

  /** Refuses a call on a lost device. */
  void requireAlive(String call) {
    CudaException loss = lossOrNull;
    if (loss != null) {
      throw new CudaException(Kind.LOST, call, loss.status(), "the device was lost before: " + loss.getMessage());
    }
  }

  /** Takes note of a failure; returns it to be thrown. */
  CudaException note(CudaException failure) {
    if (failure.kind() == Kind.LOST && lossOrNull == null) {
      lossOrNull = failure;
    }
    return failure;
  }
}
