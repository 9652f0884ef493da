package org.conceptclip.op;

import org.conceptclip.tensor.HostTensor;

/** A store that hands everything on to another; a subclass overrides what it changes. Closing it closes the other. Thread-safe as that is. */
public class ForwardingWeightStore implements WeightStore {
  private final WeightStore inner;

  /** A store in front of {@code inner}. */
  protected ForwardingWeightStore(WeightStore inner) {
    this.inner = inner;
  }

  @Override
  public LinearWeights linear(String name, HostTensor weight, HostTensor biasOrNull) {
    return inner.linear(name, weight, biasOrNull);
  }

  @Override
  public NormWeights layerNorm(String name, HostTensor weight, HostTensor bias, double epsilon) {
    return inner.layerNorm(name, weight, bias, epsilon);
  }

  @Override
  public PatchEmbeddingWeights patchEmbedding(
      String name,
      PatchGeometry geometry,
      HostTensor weight,
      HostTensor bias,
      HostTensor positions,
      double[] pixelScale,
      double[] pixelShift) {
    return inner.patchEmbedding(name, geometry, weight, bias, positions, pixelScale, pixelShift);
  }

  @Override
  public TokenEmbeddingWeights tokenEmbedding(
      String name,
      HostTensor words,
      HostTensor positions,
      HostTensor tokenType,
      HostTensor normWeight,
      HostTensor normBias,
      double epsilon) {
    return inner.tokenEmbedding(name, words, positions, tokenType, normWeight, normBias, epsilon);
  }

  @Override
  public QueryWeights query(String name, HostTensor query) {
    return inner.query(name, query);
  }

  @Override
  public long weightBytes() {
    return inner.weightBytes();
  }

  @Override
  public void close() {
    inner.close();
  }
}
