package org.conceptclip.backend.cuda.driver.nvidia;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a CUDA device is opened with.
 *
 * @param deviceIndex among the devices that CUDA_VISIBLE_DEVICES leaves visible
 * @param librariesFolder where the CUDA runtime and cuBLAS lie, instead of the usual places
 * @param cacheFolder where cuBLASLt's chosen algorithms are kept from one start to the next
 * @param notices gets one line for each thing that is worth knowing and no failure
 */
public record DriverOptions(
    int deviceIndex, Optional<Path> librariesFolder, Path cacheFolder, Consumer<String> notices) {

  /** A device, and the user's cache folder. */
  public static DriverOptions standard(int deviceIndex, Optional<Path> librariesFolder, Consumer<String> notices) {
    return new DriverOptions(deviceIndex, librariesFolder, AlgorithmCache.userFolder(), notices);
  }
}
