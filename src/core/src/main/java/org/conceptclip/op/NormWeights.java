package org.conceptclip.op;

/** Weight [width], bias [width] and epsilon of a LayerNorm in a backend's format. Owned by a {@link WeightStore}. */
public interface NormWeights {
  /** Name of the weight vector in the checkpoint, for messages. */
  String name();

  int width();

  double epsilon();
}
