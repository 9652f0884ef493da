package org.conceptclip.explain;

import java.util.Arrays;
import java.util.List;
import org.conceptclip.Embedding;
import org.conceptclip.util.Parallel;

/**
 * How similar each patch of an image is to a phrase: the cosine of the patch's projected token with the phrase's vector.
 *
 * @param side patches along an edge: 27 in the published model
 * @param values cosines [side * side], row by row from the top left; the patches lie on the squashed square that the model sees. Shared,
 *     not copied: callers must not change it
 */
public record PatchMap(int side, float[] values) {
  public PatchMap {
    if (side < 1 || values.length != side * side) {
      throw new IllegalArgumentException(values.length + " values for " + side + " x " + side + " patches");
    }
  }

  /**
   * The cosines of an image's patches with each vector, summed in float64. A patch or vector of zeros has the cosine 0. Vectors are
   * compared in parallel, and the patches' lengths computed once.
   *
   * @param image an image with its patches, not normalised
   * @param vectors in the concept space [vectors][dimension]; need not be normalised
   * @return a map of each vector
   */
  public static List<PatchMap> of(Embedding image, float[][] vectors) {
    float[][] patches = image.tokens();
    double[] lengths = Arrays.stream(patches).mapToDouble(PatchMap::length).toArray();
    return List.copyOf(Parallel.map(vectors.length, c -> {
      double length = length(vectors[c]);
      float[] cosines = new float[patches.length];
      for (int i = 0; i < cosines.length; i++) {
        double norm = lengths[i] * length;
        cosines[i] = norm == 0 ? 0 : (float) (dot(patches[i], vectors[c]) / norm);
      }
      return new PatchMap(image.side(), cosines);
    }));
  }

  private static double length(float[] vector) {
    return Math.sqrt(dot(vector, vector));
  }

  /** The smallest cosine. */
  public float low() {
    float low = values[0];
    for (float value : values) {
      low = Math.min(low, value);
    }
    return low;
  }

  /** The largest cosine. */
  public float high() {
    float high = values[0];
    for (float value : values) {
      high = Math.max(high, value);
    }
    return high;
  }

  private static double dot(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException("vectors of " + a.length + " and " + b.length + " numbers");
    }
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
