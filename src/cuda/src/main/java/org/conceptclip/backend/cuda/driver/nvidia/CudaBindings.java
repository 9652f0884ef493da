package org.conceptclip.backend.cuda.driver.nvidia;

import java.net.MalformedURLException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Loader;
import org.conceptclip.backend.BackendUnavailableException;

/** Loads JavaCPP's native glue, once per JVM. Thread-safe. */
final class CudaBindings {
  private static final Pattern SONAME = Pattern.compile("lib(\\w+)\\.so\\.(\\d+)");

  private static BackendUnavailableException failureOrNull;
  private static boolean loaded;

  private CudaBindings() {}

  /**
   * Makes the functions of CUDA and cuBLASLt callable.
   *
   * @param files of the host's libraries by name, {@code libcudart.so.13}, in the order of their dependencies. They are loaded
   *     through JavaCPP, so that it does not look for more of them and load a second copy
   * @throws BackendUnavailableException if the glue cannot be loaded; the same at every later call, since a class that failed to
   *     start cannot be tried again
   */
  static synchronized void load(Map<String, Path> files) {
    if (failureOrNull != null) {
      throw new BackendUnavailableException(failureOrNull.getMessage(), failureOrNull);
    }
    if (loaded) {
      return;
    }
    try {
      files.forEach(CudaBindings::load);
      Loader.load(cudart.class);
      Loader.load(cublas.class);
      loaded = true;
    } catch (LinkageError e) {
      failureOrNull = new BackendUnavailableException("CUDA: a library or the bindings cannot be loaded: " + e.getMessage(), e);
      throw failureOrNull;
    }
  }

  private static void load(String name, Path file) {
    Matcher parts = SONAME.matcher(name);
    if (!parts.matches()) {
      throw new IllegalArgumentException("library " + name + ", expected " + SONAME);
    }
    try {
      Loader.loadLibrary(cudart.class, new URL[] {file.toUri().toURL()}, parts.group(1) + "@." + parts.group(2));
    } catch (MalformedURLException e) {
      throw new IllegalStateException("file " + file, e);
    }
  }
}
