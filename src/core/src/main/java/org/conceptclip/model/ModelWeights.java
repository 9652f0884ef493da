package org.conceptclip.model;

import java.util.List;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.QueryWeights;
import org.conceptclip.op.TokenEmbeddingWeights;

/**
 * The prepared weights of the whole model. They are immutable views: the memory belongs to the {@link
 * org.conceptclip.op.WeightStore} that prepared them.
 */
public record ModelWeights(Vision vision, Text text, Scalars scalars) {

  /** Vision tower, attention pool and the projection head of its tokens. */
  public record Vision(PatchEmbeddingWeights embedding, List<VisionBlock> blocks, NormWeights norm, Pool pool, ProjectionHead head) {}

  /** One pre-norm block. */
  public record VisionBlock(
      NormWeights norm1,
      LinearWeights qkv,
      LinearWeights proj,
      NormWeights norm2,
      LinearWeights fc1,
      LinearWeights fc2) {}

  /** Attention pool. Its query is constant, so it is computed once, when the model is loaded. */
  public record Pool(QueryWeights query, LinearWeights kv, LinearWeights proj, NormWeights norm, LinearWeights fc1, LinearWeights fc2) {}

  /** Text tower, its output projection and the projection head of its tokens. */
  public record Text(TokenEmbeddingWeights embedding, List<TextLayer> layers, LinearWeights proj, ProjectionHead head) {}

  /** One post-norm layer; query, key and value matrices are stacked into one. */
  public record TextLayer(
      LinearWeights qkv,
      LinearWeights attentionOutput,
      NormWeights attentionNorm,
      LinearWeights fc1,
      LinearWeights fc2,
      NormWeights outputNorm) {}

  /** Linear, GELU, linear, without biases. Maps every token to the concept space. */
  public record ProjectionHead(LinearWeights first, LinearWeights second) {}
}
