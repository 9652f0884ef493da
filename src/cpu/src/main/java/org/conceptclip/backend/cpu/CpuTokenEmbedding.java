package org.conceptclip.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.conceptclip.op.TokenEmbeddingWeights;
import org.conceptclip.tensor.DType;

/**
 * Embedding tables. Memory belongs to the {@link CpuWeightStore} that made it.
 *
 * @param words [vocabulary, width] of {@code type}
 * @param positionsAndType float32 [positions, width], the row of token type 0 added
 */
record CpuTokenEmbedding(
    String name, int vocabulary, int positions, DType type, MemorySegment words, MemorySegment positionsAndType, CpuNorm norm)
    implements TokenEmbeddingWeights {
  @Override
  public int width() {
    return norm.width();
  }
}
