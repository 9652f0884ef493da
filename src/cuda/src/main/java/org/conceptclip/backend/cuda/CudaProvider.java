package org.conceptclip.backend.cuda;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendProvider;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.cuda.driver.nvidia.CudaLibraries;
import org.conceptclip.backend.cuda.driver.nvidia.NvidiaCudaDriver;
import org.conceptclip.util.Closer;
import org.conceptclip.util.FileNames;

/** Starts the {@code cuda} backend on an NVIDIA GPU. */
public final class CudaProvider implements BackendProvider {
  /** The option with the folder of the CUDA libraries; without it the usual places are searched. */
  public static final String LIBRARIES = "cuda-libs";

  private static final int RANK = 100;

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public OptionalInt automaticRank() {
    return OptionalInt.of(RANK);
  }

  @Override
  public boolean hasDevices() {
    return true;
  }

  @Override
  public Set<String> options() {
    return Set.of(LIBRARIES);
  }

  @Override
  public Backend open(BackendRequest request) {
    CudaOptions options = CudaOptions.of(name(), request);
    Closer opened = new Closer();
    NvidiaCudaDriver driver = opened.own(NvidiaCudaDriver.open(request.device(), libraries(request), request.notices()));
    try {
      driver.requireProductLibrary();
      return new CudaBackend(name(), driver, options);
    } catch (RuntimeException e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  @Override
  public Map<String, String> facts(BackendRequest request) {
    return CudaLibraries.describe(libraries(request));
  }

  private static Optional<Path> libraries(BackendRequest request) {
    return Optional.ofNullable(request.options().get(LIBRARIES)).map(FileNames::path);
  }
}
