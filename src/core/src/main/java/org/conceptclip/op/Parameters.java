package org.conceptclip.op;

import org.conceptclip.tensor.HostTensor;

/**
 * Turns checkpoint tensors into what a backend computes with: cast, prepacked, on the device. Owns all that it made, until it
 * is closed.
 *
 * <p>Inputs are dense host tensors of any floating-point type, read during the call only, so a caller may unmap them after
 * it. Thread-safe: a loader may prepare several tensors at once.
 */
public interface Parameters extends AutoCloseable {
  /** Matrix [outputs, inputs] with bias [outputs], or {@code null} for none. */
  LinearWeights linear(String name, HostTensor weight, HostTensor biasOrNull);

  /** LayerNorm weight and bias, both [width]. */
  NormWeights layerNorm(String name, HostTensor weight, HostTensor bias, double epsilon);

  /**
   * Patch projection.
   *
   * @param weight convolution kernel [width, 3, p, p]
   * @param bias [width]
   * @param positions position embedding [tokens, width]
   * @param pixelScale multiplies a uint8 pixel, per channel [3]; {@code 1 / (255 * std)}
   * @param pixelShift is added after that, per channel [3]; {@code -mean / std}
   */
  PatchEmbeddingWeights patchEmbedding(
      String name,
      PatchGeometry geometry,
      HostTensor weight,
      HostTensor bias,
      HostTensor positions,
      double[] pixelScale,
      double[] pixelShift);

  /**
   * Token embedding.
   *
   * @param words [vocabulary, width]
   * @param positions [positions, width]
   * @param tokenType the row of token type 0, [width]
   */
  TokenEmbeddingWeights tokenEmbedding(
      String name,
      HostTensor words,
      HostTensor positions,
      HostTensor tokenType,
      HostTensor normWeight,
      HostTensor normBias,
      double epsilon);

  /** A constant query [width] for {@link Ops#poolAttention}. */
  QueryWeights query(String name, HostTensor query);

  /** Bytes that the prepared weights take in the backend's memory. */
  long weightBytes();

  /** Frees everything prepared here. The weights must not be used any more. */
  @Override
  void close();
}
