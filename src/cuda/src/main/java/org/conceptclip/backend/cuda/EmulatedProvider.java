package org.conceptclip.backend.cuda;

import java.util.OptionalInt;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendProvider;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;

/** Starts the {@code emulated} backend: the CUDA backend whose kernels run on the CPU, slowly and with checks. For tests. */
public final class EmulatedProvider implements BackendProvider {
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
  public Backend open(BackendRequest request) {
    CudaOptions options = CudaOptions.of(name(), request);
    return new CudaBackend(name(), EmulatedCudaDriver.open(EmulatedDevice.ofCapability(CAPABILITY), request.notices()), options);
  }

  /** Does not start the backend: a first start compiles for minutes. */
  @Override
  public Status probe(BackendRequest request) {
    return EmulatedCudaDriver.absence()
        .map(absence -> new Status(name(), false, absence))
        .orElseGet(() -> new Status(name(), true, "the CUDA backend's kernels on the CPU, compiled at first use; for tests, slow"));
  }
}
