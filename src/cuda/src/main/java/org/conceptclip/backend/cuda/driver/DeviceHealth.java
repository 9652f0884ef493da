package org.conceptclip.backend.cuda.driver;

import org.conceptclip.backend.DeviceException.Kind;

/** Remembers that a device was lost: every later call learns it with the first failure as its cause. Thread-safe. */
public final class DeviceHealth {
  private volatile CudaException lossOrNull;

  public boolean lost() {
    return lossOrNull != null;
  }

  /** Rejects a call on a lost device. */
  public void requireAlive(String call) {
    CudaException loss = lossOrNull;
    if (loss != null) {
      throw new CudaException(Kind.LOST, call, loss.status(), "the device was lost earlier: " + loss.getMessage(), loss);
    }
  }

  /** Remembers a failure if it is the first of kind LOST. Returns it, to be thrown. */
  public CudaException note(CudaException failure) {
    if (failure.kind() == Kind.LOST && lossOrNull == null) {
      lossOrNull = failure;
    }
    return failure;
  }
}
