package org.conceptclip;

import org.conceptclip.batch.ImageFeatures;

/**
 * An image's vector and those of its patches. The arrays are the caller's alone.
 *
 * @param vector the whole image [dimension], L2-normalised
 * @param patches the patches in the concept space [side * side][dimension], row by row from the top left, not normalised
 * @param side patches along an edge: 27 in the published model
 */
public record ImageTokens(float[] vector, float[][] patches, int side) {
  static ImageTokens of(ImageFeatures features) {
    float[][] patches = Vectors.rows(features.tokenFeaturesOrNull());
    return new ImageTokens(features.features(), patches, (int) Math.round(Math.sqrt(patches.length)));
  }
}
