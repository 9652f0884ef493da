package org.conceptclip.op;

/** What a matrix product does with its sums (bias included, where the weights have one) before they are stored. */
public enum Epilogue {
  /** {@code out = x W^T + b}. */
  NONE,
  /** {@code out = gelu(x W^T + b)} with the exact, erf-based GELU: {@code gelu(v) = v/2 * (1 + erf(v / sqrt 2))}. */
  GELU,
  /** {@code out += x W^T + b}. */
  ACCUMULATE
}
