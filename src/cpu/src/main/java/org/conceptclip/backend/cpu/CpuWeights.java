package org.conceptclip.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.conceptclip.op.NormWeights;
import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.op.QueryWeights;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.tensor.DType;

/** Prepared weights, except matrices ({@link PackedLinear}). Off-heap memory belongs to the {@link CpuWeightStore} that made them. */
final class CpuWeights {
  private CpuWeights() {}

  /** LayerNorm weights, float32 at two addresses. */
  record Norm(String name, int width, double epsilon, long weightAddress, long biasAddress) implements NormWeights {}

  /**
   * @param projection [width, 3 * p * p] with bias
   * @param positionsAddress float32 [tokens, width]
   * @param pixelValues normalised value of each uint8 pixel, [3 * 256]
   */
  record PatchEmbedding(
      String name, PatchGeometry geometry, PackedLinear projection, long positionsAddress, float[] pixelValues)
      implements PatchEmbeddingWeights {
    @Override
    public int width() {
      return projection.outputs();
    }
  }

  /**
   * @param words [vocabulary, width] of {@code type}
   * @param positionsAndType float32 [positions, width], the row of token type 0 added
   */
  record TokenEmbedding(
      String name, int vocabulary, int positions, DType type, MemorySegment words, MemorySegment positionsAndType, Norm norm)
      implements TokenEmbeddingWeights {
    @Override
    public int width() {
      return norm.width();
    }
  }

  /** A constant query on the Java heap; small. */
  record Query(String name, float[] values) implements QueryWeights {
    @Override
    public int width() {
      return values.length;
    }
  }
}
