package org.conceptclip.op;

/**
 * Word [vocabulary, width], position [positions, width] and token-type-0 [width] embeddings with the LayerNorm that
 * follows. Owned by a {@link WeightStore}.
 */
public interface TokenEmbeddingWeights {
  /** Name of the word table in the checkpoint, for messages. */
  String name();

  int vocabulary();

  int positions();

  int width();
}
