package org.conceptclip.op;

/** Patch projection [width, 3 * p * p] with bias and position embedding [tokens, width]. Owned by a {@link WeightStore}. */
public interface PatchEmbeddingWeights {
  /** Name of the projection in the checkpoint, for messages. */
  String name();

  PatchGeometry geometry();

  int width();
}
