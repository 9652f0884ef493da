package org.conceptclip.backend.cuda.driver.nvidia;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.DeviceProperties;
import org.conceptclip.util.Closer;

/**
 * cuBLASLt of a driver's device, looked for and loaded when somebody first asks for it: a program that multiplies matrices by itself needs
 * neither the library nor JavaCPP. Whether there is one is decided once. Thread-safe; the context must be current.
 */
final class ProductLibrary implements AutoCloseable {
  private final CudaStatus status;
  private final DeviceProperties device;
  private final Optional<Path> folder;
  private final Function<Consumer<String>, Optional<Path>> cacheFolder;
  private final Consumer<String> notices;
  private CublasLt openOrNull;
  private String absenceOrNull;

  /**
   * @param folder to look in instead of the usual places, if named
   * @param cacheFolder where chosen algorithms are kept, if anywhere
   * @param notices gets a line when there is a library and it cannot be used; none where there is none
   */
  ProductLibrary(CudaStatus status, DeviceProperties device, Optional<Path> folder,
      Function<Consumer<String>, Optional<Path>> cacheFolder, Consumer<String> notices) {
    this.status = status;
    this.device = device;
    this.folder = folder;
    this.cacheFolder = cacheFolder;
    this.notices = notices;
  }

  /** Why there is none, in one line; empty when there is one, which is then open. */
  synchronized Optional<String> absence() {
    if (!isDecided()) {
      open();
    }
    return Optional.ofNullable(absenceOrNull);
  }

  /**
   * The library, opened.
   *
   * @throws CudaException of kind FAILED if there is none, with the reason; of any kind if it does not start on the device
   */
  synchronized CublasLt require() {
    absence().ifPresent(absence -> {
      throw new CudaException(Kind.FAILED, "cublasLtMatmul", "no cuBLASLt", absence);
    });
    return openOrNull;
  }

  /** Whether somebody asked for it and it is there. */
  synchronized boolean isOpen() {
    return openOrNull != null;
  }

  /** Whether {@link #absence} can be answered without a call of CUDA. */
  synchronized boolean isDecided() {
    return openOrNull != null || absenceOrNull != null;
  }

  private void open() {
    CudaLibraries.Report report = CudaLibraries.find(folder);
    absenceOrNull = report.productLibraryAbsence().orElse(null);
    if (absenceOrNull != null) {
      if (!report.others().isEmpty()) {
        notices.accept(unusable(absenceOrNull));
      }
      return;
    }
    try {
      CudaLibraries.requireDriverForProducts(device.driverVersion());
      CudaBindings.load(report.found());
    } catch (BackendUnavailableException e) {
      absenceOrNull = e.getMessage();
      notices.accept(unusable(absenceOrNull));
      return;
    }
    CudaBindings.libraryOpened();
    try {
      openOrNull = new CublasLt(new CublasStatus(status), device, cacheFolder.apply(notices), notices);
    } catch (RuntimeException e) {
      CudaBindings.libraryClosed();
      throw e;
    }
  }

  private static String unusable(String reason) {
    return "cuBLASLt is not used: " + reason;
  }

  @Override
  public synchronized void close() {
    if (openOrNull == null) {
      return;
    }
    try (Closer owned = new Closer()) {
      owned.own(CudaBindings::libraryClosed);
      owned.own(openOrNull);
      openOrNull = null;
    }
  }
}
