package org.conceptclip.backend.cuda;

import org.conceptclip.util.Labelled;

/** Whose kernels multiply matrices: what a user asks for. */
public enum Gemm implements Labelled {
  /** Shape by shape, by the device's tuning table; without one, by the built-in rule (see {@link ProductChoice}). */
  AUTO,

  /** This project's kernels, for every product: no CUDA toolkit library is needed. */
  OWN,

  /** cuBLASLt, for every product. */
  CUBLASLT
}
