package org.conceptclip.op;

/** A weight matrix [outputs, inputs] and an optional bias [outputs] in a backend's format. Owned by a {@link WeightStore}. */
public interface LinearWeights {
  /** Name of the matrix in the checkpoint, for messages. */
  String name();

  int inputs();

  int outputs();

  boolean hasBias();
}
