package org.conceptclip.op;

import org.conceptclip.tensor.Tensor;

/**
 * The fused operations that both towers consist of. Every backend implements this contract, and one contract test suite runs
 * against each of them.
 *
 * <p>Tensors are dense [rows, columns] buffers of the {@link Workspace} of the same execution. Outputs must not overlap inputs
 * unless the op allows it. Statistics, softmax and sums are accumulated in float32 or better, whatever the storage types. Row
 * {@code r} of an output depends only on its own inputs: its bits are the same whatever else is in the batch.
 *
 * <p>Where a product reads codes of F8_E4M3 ({@link LinearWeights#inputScale}), the op that makes its input writes them: {@code out} of
 * {@link #layerNorm}, {@link #addNorm}, {@link #linearAddNorm}, {@link #attention} and {@link #linear} may be such a tensor of {@link
 * Workspace#inputOf}. The result, in float32, is multiplied by the reciprocal of the tensor's scale, in float32, and rounded as {@link
 * org.conceptclip.tensor.Float8#floatToE4m3} does: a number that is too large becomes the largest one, NaN stays. All other arguments are
 * floating point.
 *
 * <p>{@link CheckedOps} checks the arguments and throws {@link IllegalArgumentException}; implementations need not check them
 * again. Not thread-safe: an {@code Ops} belongs to one execution.
 */
public interface Ops {
  /**
   * Projects the patches of images and adds bias and position embedding: [images * tokens, width].
   *
   * @param pixels U8 [images, size, size, 3], which this op normalises with the weights' pixel scale and shift; or F32 or F64
   *     [images, 3, size, size], already normalised
   */
  void patchEmbed(Tensor pixels, PatchEmbeddingWeights weights, Tensor out);

  /** LayerNorm of the sum of word, position and token-type-0 embedding of each row: [rows, width]. */
  void tokenEmbed(TokenBatch tokens, TokenEmbeddingWeights weights, Tensor out);

  /** {@code out = (x - mean) / sqrt(variance + epsilon) * weight + bias} per row, with the biased variance. */
  void layerNorm(Tensor x, NormWeights weights, Tensor out);

  /**
   * {@code x += y}, then {@code out = layerNorm(x)}. {@code out} may be {@code x}; the sum is not kept then, as a post-norm
   * block does not need it.
   */
  void addNorm(Tensor x, Tensor y, NormWeights weights, Tensor out);

  /**
   * Matrix product of x [rows, inputs] with the weights, followed by the epilogue: out [rows, outputs].
   *
   * @param x F8_E4M3 of the scale that the weights read, if they read codes; floating point otherwise
   * @param out floating point for {@link Epilogue#ACCUMULATE}
   */
  void linear(Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out);

  /**
   * The end of half a pre-norm block: {@code residual += x W^T + b}, then {@code out = layerNorm(residual)}. All tensors are disjoint.
   *
   * <p>A backend may add inside of the product, where the update is not rounded to the activation type, or compute {@link #linear} and
   * {@link #addNorm} one after the other, as this default does. It does the same for every number of rows.
   *
   * @param x [rows, inputs], F8_E4M3 of the scale that the weights read, if they read codes
   * @param residual [rows, outputs], read and written
   * @param update [rows, outputs] in the activation type, for an implementation that needs it; undefined afterwards
   * @param out [rows, outputs]
   */
  default void linearAddNorm(Tensor x, LinearWeights weights, Tensor residual, NormWeights norm, Tensor update, Tensor out) {
    linear(x, weights, Epilogue.NONE, update);
    addNorm(residual, update, norm, out);
  }

  /**
   * Multi-head self-attention within each sequence: {@code softmax(Q K^T / sqrt(headDim)) V}.
   *
   * @param qkv [rows, 3 * width]: queries, keys, values, each divided into heads
   * @param out [rows, width], heads concatenated
   */
  void attention(Tensor qkv, Sequences sequences, int heads, Tensor out);

  /**
   * Multi-head attention of one constant query over each sequence.
   *
   * @param kv [rows, 2 * width]: keys, values
   * @param out [sequences, width]
   */
  void poolAttention(QueryWeights query, Tensor kv, Sequences sequences, int heads, Tensor out);

  /** Mean of the first {@code keyLength} rows of each sequence, so without padding: [sequences, width]. */
  void meanPool(Tensor x, Sequences sequences, Tensor out);

  /** {@code out = x / max(norm2(x), 1e-12)} per row. A row of zeros stays zero. {@code out} may be {@code x}. */
  void l2Normalize(Tensor x, Tensor out);

  /** {@code out[i][j] = scale * dot(a[i], b[j])}: a [m, width], b [n, width], out [m, n]. */
  void similarity(Tensor a, Tensor b, double scale, Tensor out);

  /**
   * For each sequence of patches and each concept, the mean of the {@code k} largest values of {@code scale * dot(patch,
   * concept)}, or of all values if a sequence has fewer than {@code k} patches.
   *
   * @param patches [rows, width]
   * @param concepts [concepts, width]
   * @param out [sequences, concepts]
   */
  void topKMeanSimilarity(Tensor patches, Sequences sequences, Tensor concepts, double scale, int k, Tensor out);
}
