package org.conceptclip.op;

import org.conceptclip.tensor.Tensor;

/**
 * The fused operations that both towers are made of. One contract; every backend implements it, and one contract test suite
 * runs against each.
 *
 * <p>Tensors are dense [rows, columns] buffers of the {@link Workspace} that belongs to the same execution. Unless an op says
 * so, outputs must not overlap inputs. Whatever the storage types, statistics, softmax and sums are accumulated in float32
 * or better. Row {@code r} of an output depends on nothing but its own inputs: it is bit-identical whatever else is in the
 * batch.
 *
 * <p>Shapes are checked by {@link CheckedOps}, which throws {@link IllegalArgumentException}; implementations may trust them.
 * Not thread-safe: an {@code Ops} belongs to one execution.
 */
public interface Ops {
  /**
   * Patches of images, projected, plus bias and position: [images * tokens, width].
   *
   * @param pixels U8 [images, size, size, 3], normalised here by the weights' pixel scale and shift, or F32 (F64)
   *     [images, 3, size, size], taken as already normalised
   */
  void patchEmbed(Tensor pixels, PatchEmbeddingWeights weights, Tensor out);

  /** LayerNorm of word + position + token-type-0 embedding per row: [rows, width]. */
  void tokenEmbed(TokenBatch tokens, TokenEmbeddingWeights weights, Tensor out);

  /** {@code out = (x - mean) / sqrt(variance + epsilon) * weight + bias} per row, with the biased variance. */
  void layerNorm(Tensor x, NormWeights weights, Tensor out);

  /**
   * {@code x += y}, then {@code out = layerNorm(x)}. {@code out} may be {@code x}: then the sum is not kept (a post-norm
   * block needs it no more).
   */
  void addNorm(Tensor x, Tensor y, NormWeights weights, Tensor out);

  /** Matrix product of x [rows, inputs] with the weights, then the epilogue, to out [rows, outputs]. */
  void linear(Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out);

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

  /** Mean of the rows that count of each sequence: [sequences, width]. */
  void meanPool(Tensor x, Sequences sequences, Tensor out);

  /** {@code out = x / max(norm2(x), 1e-12)} per row; a zero row stays zero. {@code out} may be {@code x}. */
  void l2Normalize(Tensor x, Tensor out);

  /** {@code out[i][j] = scale * dot(a[i], b[j])}: a [m, width], b [n, width], out [m, n]. */
  void similarity(Tensor a, Tensor b, double scale, Tensor out);

  /**
   * For each sequence of patches and each concept, the mean of the {@code k} largest values of {@code scale * dot(patch,
   * concept)} (of all of them, where a sequence has fewer than {@code k}).
   *
   * @param patches [rows, width]
   * @param concepts [concepts, width]
   * @param out [sequences, concepts]
   */
  void topKMeanSimilarity(Tensor patches, Sequences sequences, Tensor concepts, double scale, int k, Tensor out);
}
