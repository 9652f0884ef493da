package org.conceptclip.op;

import org.conceptclip.tensor.Tensor;

/** Ops that hand everything on to others; a subclass overrides what it changes. Not thread-safe. */
public class ForwardingOps implements Ops {
  private final Ops inner;

  /** Ops in front of {@code inner}. */
  protected ForwardingOps(Ops inner) {
    this.inner = inner;
  }

  @Override
  public void patchEmbed(Tensor pixels, PatchEmbeddingWeights weights, Tensor out) {
    inner.patchEmbed(pixels, weights, out);
  }

  @Override
  public void tokenEmbed(TokenBatch tokens, TokenEmbeddingWeights weights, Tensor out) {
    inner.tokenEmbed(tokens, weights, out);
  }

  @Override
  public void layerNorm(Tensor x, NormWeights weights, Tensor out) {
    inner.layerNorm(x, weights, out);
  }

  @Override
  public void addNorm(Tensor x, Tensor y, NormWeights weights, Tensor out) {
    inner.addNorm(x, y, weights, out);
  }

  @Override
  public void linear(Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out) {
    inner.linear(x, weights, epilogue, out);
  }

  @Override
  public void linearAddNorm(Tensor x, LinearWeights weights, Tensor residual, NormWeights norm, Tensor update, Tensor out) {
    inner.linearAddNorm(x, weights, residual, norm, update, out);
  }

  @Override
  public void attention(Tensor qkv, Sequences sequences, int heads, Tensor out) {
    inner.attention(qkv, sequences, heads, out);
  }

  @Override
  public void poolAttention(QueryWeights query, Tensor kv, Sequences sequences, int heads, Tensor out) {
    inner.poolAttention(query, kv, sequences, heads, out);
  }

  @Override
  public void meanPool(Tensor x, Sequences sequences, Tensor out) {
    inner.meanPool(x, sequences, out);
  }

  @Override
  public void l2Normalize(Tensor x, Tensor out) {
    inner.l2Normalize(x, out);
  }

  @Override
  public void similarity(Tensor a, Tensor b, double scale, Tensor out) {
    inner.similarity(a, b, scale, out);
  }

  @Override
  public void topKMeanSimilarity(
      Tensor patches, Sequences sequences, Tensor concepts, double scale, int k, Tensor out) {
    inner.topKMeanSimilarity(patches, sequences, concepts, scale, k, out);
  }
}
