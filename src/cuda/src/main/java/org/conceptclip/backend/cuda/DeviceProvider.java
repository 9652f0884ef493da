package org.conceptclip.backend.cuda;

import java.nio.file.Path;
import java.util.Optional;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendProvider;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.util.Closer;

/** Starts the CUDA backend on a device, a real or an emulated one. */
public interface DeviceProvider extends BackendProvider {
  /**
   * Opens the device alone. The caller closes it.
   *
   * @throws org.conceptclip.backend.BackendUnavailableException if it cannot be opened on this machine
   */
  CudaDriver openDriver(BackendRequest request);

  /** With the tuning table that the request names, or else the one in the user's cache folder. */
  @Override
  default Backend open(BackendRequest request) {
    CudaOptions options = CudaOptions.of(name(), request);
    Closer opened = new Closer();
    CudaDriver driver = opened.own(openDriver(request));
    try {
      return new CudaBackend(name(), driver, options.withTable(table(options, request, driver)));
    } catch (RuntimeException failure) {
      opened.closeAfter(failure);
      // A library of products, for instance, that does not start.
      throw failure instanceof DeviceException
          ? new BackendUnavailableException("CUDA: " + driver.device().name() + " cannot be used: " + failure.getMessage(), failure)
          : failure;
    }
  }

  private static Optional<TuningTable> table(CudaOptions options, BackendRequest request, CudaDriver driver) {
    Optional<Path> named = CudaOptions.tableFile(request);
    if (named.isPresent()) {
      return Optional.of(TuningStore.named(named.get(), driver));
    }
    if (options.gemm() != Gemm.AUTO) {
      return Optional.empty();
    }
    if (driver.productLibrary().isEmpty()) {
      request.notices().accept("cuBLASLt is not on this machine: every matrix product is computed by this program's own kernels");
      return Optional.empty();
    }
    return TuningStore.cached(driver, request.notices());
  }
}
