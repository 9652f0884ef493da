package org.conceptclip.backend.cuda;

import java.util.OptionalInt;
import java.util.Set;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;

/** Starts the {@code emulated} backend: the CUDA backend whose kernels run on the CPU, slowly and with checks. For tests. */
public final class EmulatedProvider implements DeviceProvider {
  /** That of Hopper, which the CUDA backend is tuned for. */
  private static final int CAPABILITY = 90;

  @Override
  public String name() {
    return "emulated";
  }

  @Override
  public OptionalInt automaticRank() {
    return OptionalInt.empty();
  }

  @Override
  public Set<String> options() {
    return CudaOptions.NAMES;
  }

  @Override
  public CudaDriver openDriver(BackendRequest request) {
    return EmulatedCudaDriver.open(EmulatedDevice.ofCapability(CAPABILITY), request.notices());
  }

  /** Does not start the backend: a first start compiles for minutes. */
  @Override
  public Status probe(BackendRequest request) {
    return EmulatedCudaDriver.absence()
        .map(absence -> new Status(name(), false, absence))
        .orElseGet(() -> new Status(name(), true, "the CUDA backend's kernels on the CPU, compiled at first use; for tests, slow"));
  }
}
