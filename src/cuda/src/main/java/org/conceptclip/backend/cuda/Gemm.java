package org.conceptclip.backend.cuda;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Whose kernels multiply matrices: what a user asks for. */
public enum Gemm {
  /** Shape by shape, by the device's tuning table; without one, by the built-in rule (see {@link ProductChoice}). */
  AUTO,

  /** This project's kernels, for every product: no CUDA toolkit library is needed. */
  OWN,

  /** cuBLASLt, for every product. */
  CUBLASLT;

  /** As on the command line: {@code auto}, {@code own}, {@code cublaslt}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** By its label. */
  static Optional<Gemm> labelled(String label) {
    return Arrays.stream(values()).filter(gemm -> gemm.label().equals(label)).findFirst();
  }
}
