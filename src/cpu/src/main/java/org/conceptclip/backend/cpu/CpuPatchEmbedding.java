package org.conceptclip.backend.cpu;

import org.conceptclip.op.PatchEmbeddingWeights;
import org.conceptclip.op.PatchGeometry;

/**
 * Patch projection. Memory belongs to the {@link CpuWeightStore} that made it.
 *
 * @param projection [width, 3 * p * p] with bias
 * @param positionsAddress float32 [tokens, width]
 * @param pixelValues normalised value of each uint8 pixel, [3 * 256]
 */
record CpuPatchEmbedding(
    String name, PatchGeometry geometry, PackedLinear projection, long positionsAddress, float[] pixelValues)
    implements PatchEmbeddingWeights {
  @Override
  public int width() {
    return projection.outputs();
  }
}
