package org.conceptclip.op;

import org.conceptclip.tensor.HostTensor;

/**
 * Converts the tensors of a checkpoint to a backend's format (cast, prepacked, copied to the device) and owns the result until
 * it is closed.
 *
 * <p>Inputs are dense host tensors of any floating-point type. They are read during the call only, so the caller may unmap them
 * afterwards. Thread-safe: a loader may prepare several tensors at once.
 */
public interface WeightStore extends AutoCloseable {
  /** Prepares a matrix [outputs, inputs] with a bias [outputs], which is {@code null} if there is none. */
  LinearWeights linear(String name, HostTensor weight, HostTensor biasOrNull);

  /** Prepares the weight and the bias of a LayerNorm, both [width]. */
  NormWeights layerNorm(String name, HostTensor weight, HostTensor bias, double epsilon);

  /**
   * Prepares the patch projection.
   *
   * @param weight convolution kernel [width, 3, p, p]
   * @param bias [width]
   * @param positions position embedding [tokens, width]
   * @param pixelScale factor of a uint8 pixel, per channel [3]: {@code 1 / (255 * std)}
   * @param pixelShift added after the scaling, per channel [3]: {@code -mean / std}
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
   * Prepares the token embedding.
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

  /** Prepares a constant query [width] for {@link Ops#poolAttention}. */
  QueryWeights query(String name, HostTensor query);

  /** Size of the prepared weights in the backend's memory, in bytes. */
  long weightBytes();

  /** Frees all weights that were prepared here. They must not be used afterwards. */
  @Override
  void close();
}
