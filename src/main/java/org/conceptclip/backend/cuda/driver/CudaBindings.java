package org.conceptclip.backend.cuda.driver;

import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Loader;
import org.conceptclip.backend.BackendUnavailableException;

/** Loads JavaCPP's native glue, once in a JVM. Thread-safe. */
final class CudaBindings {
  private static BackendUnavailableException failureOrNull;
  private static boolean loaded;

  private CudaBindings() {}

  /**
   * Makes the functions of CUDA and cuBLASLt callable. The host's libraries must have been loaded before.
   *
   * @throws BackendUnavailableException if the glue cannot be loaded; the same at every later call, since a class that failed to
   *     start cannot be tried again
   */
  static synchronized void load() {
    if (failureOrNull != null) {
      throw new BackendUnavailableException(failureOrNull.getMessage(), failureOrNull);
    }
    if (loaded) {
      return;
    }
    try {
      Loader.load(cudart.class);
      Loader.load(cublas.class);
      loaded = true;
    } catch (LinkageError e) {
      failureOrNull = new BackendUnavailableException("CUDA: the bindings cannot be loaded: " + e.getMessage(), e);
      throw failureOrNull;
    }
  }
}
