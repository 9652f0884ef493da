package org.conceptclip.probe;

import org.conceptclip.util.Labelled;

/** What keeps the weights of a concept bottleneck few. Both add lambda times the sum of the weights' sizes to the loss. */
public enum BottleneckPenalty implements Labelled {
  /** Weights are 0 or more: a concept can speak for a class by being more visible than usual, and against it by being less so. */
  NONNEGATIVE,
  /** Weights of either sign: a concept that is more visible than usual can speak against a class. */
  L1;

  /** The weight that minimises {@code (v - w)^2 / 2 + threshold * |v|} over the weights that are allowed. */
  double shrink(double w, double threshold) {
    if (w > threshold) {
      return w - threshold;
    }
    return this == L1 && w < -threshold ? w + threshold : 0;
  }
}
