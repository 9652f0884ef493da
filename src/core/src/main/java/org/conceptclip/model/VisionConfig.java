package org.conceptclip.model;

import java.util.List;
import org.conceptclip.op.PatchGeometry;

/**
 * Hyper-parameters of the vision tower, a SigLIP ViT without a class token.
 *
 * @param geometry image and patch size in pixels
 * @param width columns of a token
 * @param depth blocks
 * @param heads attention heads; divides width
 * @param mlpHidden columns inside a block's MLP
 * @param poolHeads heads of the attention pool
 * @param poolMlpHidden columns inside the pool's MLP
 * @param layerNormEpsilon epsilon of every LayerNorm
 * @param imageMean mean of each channel, of pixels in [0, 1]
 * @param imageStd standard deviation of each channel
 */
public record VisionConfig(
    PatchGeometry geometry,
    int width,
    int depth,
    int heads,
    int mlpHidden,
    int poolHeads,
    int poolMlpHidden,
    double layerNormEpsilon,
    List<Double> imageMean,
    List<Double> imageStd) {

  /** Tokens per image. */
  public int tokens() {
    return geometry.tokens();
  }

  /** The same tower for images with another mean and standard deviation per channel. */
  VisionConfig withNormalisation(List<Double> mean, List<Double> std) {
    return new VisionConfig(geometry, width, depth, heads, mlpHidden, poolHeads, poolMlpHidden, layerNormEpsilon, mean, std);
  }
}
