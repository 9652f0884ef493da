package org.conceptclip.backend.cuda;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.nvidia.CudaLibraries;
import org.conceptclip.backend.cuda.driver.nvidia.JavacppCudaDriver;
import org.conceptclip.util.FileNames;

/** Starts the {@code cuda} backend on an NVIDIA GPU. */
public final class CudaProvider implements DeviceProvider {
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
    Set<String> names = new TreeSet<>(CudaOptions.NAMES);
    names.add(LIBRARIES);
    return names;
  }

  @Override
  public CudaDriver openDriver(BackendRequest request) {
    return JavacppCudaDriver.open(request.device(), libraries(request), request.notices());
  }

  @Override
  public Map<String, String> facts(BackendRequest request) {
    return CudaLibraries.describe(libraries(request));
  }

  private static Optional<Path> libraries(BackendRequest request) {
    return Optional.ofNullable(request.options().get(LIBRARIES)).map(FileNames::path);
  }
}
