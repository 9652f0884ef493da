package org.conceptclip.parity;

/**
 * How far a precision's outputs may lie from the official model's, as {@link Errors} measures it. Every figure is derived:
 * docs/parity.md.
 *
 * @param features e_max of pooled features
 * @param tokens e_max of token rows and intermediates
 * @param rms e_rms of all of them
 * @param oneMinusCosine of features
 * @param logits absolute, of logits_per_image
 */
record Limits(double features, double tokens, double rms, double oneMinusCosine, double logits) {
  /** float64 arithmetic against values stored as float32. */
  static final Limits FLOAT64 = new Limits(1e-6, 1e-6, 1e-6, 1e-12, 1e-5);

  static final Limits FLOAT32_TINY = new Limits(1e-5, 1e-5, 2e-6, 1e-11, 3e-5);

  static final Limits FLOAT32_FULL = new Limits(1.5e-5, 1.5e-5, 3e-6, 1e-11, 3e-5);

  /** Twice the errors of {@link NarrowSimulation}, worst tensor of each kind, as {@link LimitsDerivation} prints them. */
  static final Limits BF16_WEIGHTS_TINY = new Limits(2.7e-2, 4.8e-2, 1.02e-2, 2.4e-5, 1.71e-1);

  static final Limits BF16_TINY = new Limits(3.8e-2, 7.5e-2, 1.41e-2, 4.0e-5, 1.28e-1);

  static final Limits BF16_WEIGHTS_FULL = new Limits(5.29e-2, 6.64e-2, 1.47e-2, 5.54e-5, 5.53e-2);

  static final Limits BF16_FULL = new Limits(7.35e-2, 9.84e-2, 2.06e-2, 9.96e-5, 1.09e-1);

  /**
   * Twice the errors of {@link NarrowSimulation} with the residual stream in float32 or float16, whichever is larger; logits twice
   * those of the official code's float16 run, since the worst of 15 logits says less than the worst of a feature's 144 elements.
   */
  static final Limits FP16_TINY = new Limits(5.9e-3, 8.8e-3, 1.9e-3, 9.6e-7, 4.0e-2);

  /** The same at full size, with the residual stream in float32. */
  static final Limits FP16_FULL = new Limits(7.8e-3, 1.18e-2, 2.45e-3, 1.35e-6, 1.86e-2);
}
