package org.conceptclip.op;

import java.util.Optional;

/** A weight matrix [outputs, inputs] and an optional bias [outputs] in a backend's format. Owned by a {@link WeightStore}. */
public interface LinearWeights {
  /** Name of the matrix in the checkpoint, for messages. */
  String name();

  int inputs();

  int outputs();

  boolean hasBias();

  /**
   * The scale of the {@link org.conceptclip.tensor.DType#F8_E4M3} codes that this product reads as its input; empty if it reads the
   * workspace's activation type. It is constant: {@link Workspace#inputOf} makes a buffer for such codes, and the op that writes into it
   * rounds its results to them.
   */
  default Optional<Float> inputScale() {
    return Optional.empty();
  }
}
