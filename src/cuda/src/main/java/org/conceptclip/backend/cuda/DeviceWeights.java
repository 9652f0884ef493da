package org.conceptclip.backend.cuda;

import java.util.Optional;
import org.conceptclip.op.LinearWeights;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.QueryWeights;
import org.conceptclip.op.TokenEmbeddingWeights;

/** Prepared weights: device addresses in memory that a {@link CudaWeightStore} owns. */
final class DeviceWeights {
  private DeviceWeights() {}

  /**
   * A matrix.
   *
   * @param weight F16 [outputs padded][inputs padded], zeros in the padding
   * @param biasF32 F32 [outputs padded], or 0 for none
   * @param biasF16 the same in F16: cuBLASLt adds a bias of the output's type only
   */
  record Linear(String name, int inputs, int outputs, long weight, long biasF32, long biasF16) implements LinearWeights {
    @Override
    public boolean hasBias() {
      return biasF32 != 0;
    }
  }

  /**
   * A matrix of codes of F8_E4M3 with a scale for each output: number [o][i] is {@code weightScale[o] * code[o][i]}. The kernels that read
   * it want every 32 rows exchanged among each other, see {@link CodedMatrix}.
   *
   * @param scale of the codes that the product reads as its input
   * @param codes F8_E4M3 [outputs padded][inputs padded], zeros in the padding
   * @param scales F32 [outputs padded]: {@code scale * weightScale[o]}, by which the sum of two codes' products is multiplied
   * @param bias F32 [outputs padded], or 0 for none
   */
  record Coded(String name, int inputs, int outputs, float scale, long codes, long scales, long bias) implements LinearWeights {
    @Override
    public boolean hasBias() {
      return bias != 0;
    }

    @Override
    public Optional<Float> inputScale() {
      return Optional.of(scale);
    }
  }

  /**
   * @param weight F32 [width]
   * @param bias F32 [width]
   */
  record Norm(String name, int width, double epsilon, long weight, long bias) implements NormWeights {}

  /**
   * @param weight F16 [width][kPitch], see {@link PatchFolding}
   * @param biasOfBytes F32 [width], for pixels as bytes
   * @param biasOfFloats F32 [width], for pixels that are normalised
   * @param positions F32 [tokens][width]
   * @param folding centre, factor and scale
   */
  record PatchEmbedding(
      String name,
      PatchGeometry geometry,
      int width,
      long weight,
      long biasOfBytes,
      long biasOfFloats,
      long positions,
      PatchFolding.Arguments folding)
      implements PatchEmbeddingWeights {}

  /**
   * Tables are F16 with rows {@code tablePitch} apart.
   *
   * @param words [vocabulary]
   * @param positionTable [positions]
   * @param tokenType one row
   */
  record TokenEmbedding(
      String name,
      int vocabulary,
      int positions,
      int width,
      long tablePitch,
      long words,
      long positionTable,
      long tokenType,
      Norm norm)
      implements TokenEmbeddingWeights {}

  /** @param values F32 [width] */
  record Query(String name, int width, long values) implements QueryWeights {}
}
