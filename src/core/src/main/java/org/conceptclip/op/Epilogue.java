package org.conceptclip.op;

/** The last step of a matrix product, applied to its sums (including the bias, if there is one) before they are stored. */
public enum Epilogue {
  /** {@code out = x W^T + b}. */
  NONE,
  /** {@code out = gelu(x W^T + b)} with the exact, erf-based GELU: {@code gelu(v) = v/2 * (1 + erf(v / sqrt 2))}. */
  GELU,
  /** {@code out += x W^T + b}. */
  ACCUMULATE
}
