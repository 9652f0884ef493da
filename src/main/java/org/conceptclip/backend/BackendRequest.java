package org.conceptclip.backend;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What was asked for.
 *
 * @param name {@code auto} or a backend's name
 * @param precision what to compute in; empty for the backend's own default, which gives the same results on every machine
 * @param threads worker threads, 0 for one a core
 * @param device which of several, from 0: with CUDA, among those that {@code CUDA_VISIBLE_DEVICES} leaves visible
 * @param cudaLibraries folder of the CUDA libraries; empty for the usual places
 * @param checkRange whether to record how near the residual stream comes to the end of the range
 * @param notices gets one line for each thing that people should know and that is no failure
 */
public record BackendRequest(
    String name,
    Optional<Precision> precision,
    int threads,
    int device,
    Optional<Path> cudaLibraries,
    boolean checkRange,
    Consumer<String> notices) {

  /** A request for the first device. */
  public BackendRequest(
      String name,
      Optional<Precision> precision,
      int threads,
      Optional<Path> cudaLibraries,
      boolean checkRange,
      Consumer<String> notices) {
    this(name, precision, threads, 0, cudaLibraries, checkRange, notices);
  }

  /** A request without any wishes besides the backend. */
  public static BackendRequest plain(String name) {
    return of(name, Optional.empty(), 0);
  }

  /** A request without wishes for a GPU. */
  public static BackendRequest of(String name, Optional<Precision> precision, int threads) {
    return new BackendRequest(name, precision, threads, Optional.empty(), false, notice -> {});
  }

  /** This request for another device. */
  public BackendRequest withDevice(int other) {
    return new BackendRequest(name, precision, threads, other, cudaLibraries, checkRange, notices);
  }
}
