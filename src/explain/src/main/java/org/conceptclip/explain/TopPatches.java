package org.conceptclip.explain;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.conceptclip.Embedding;
import org.conceptclip.task.ScoringOptions;

/**
 * The score of a concept is the mean cosine of the k patches that are most similar to it. Scores of different concepts are not on one
 * scale, because phrases differ in how similar they are to everything; those of one concept can be compared between images.
 *
 * @param k patches, at least 1; of an image with fewer patches all count
 */
public record TopPatches(int k) implements ConceptScoring {
  /** Patches of the published model, to which the official number of best patches belongs. */
  private static final int OFFICIAL_PATCHES = 729;

  public TopPatches {
    if (k < 1) {
      throw new IllegalArgumentException("top-k is " + k + ", expected at least 1");
    }
  }

  /** The official share of best patches, 128 of 729: 18 of the 100 of the demo model. At least 1. */
  public static TopPatches officialShare(int patches) {
    return new TopPatches(Math.max(1, Math.toIntExact(Math.round((double) patches * ScoringOptions.OFFICIAL_TOP_K / OFFICIAL_PATCHES))));
  }

  /** The mean of the k largest cosines, summed in float64. */
  public double score(PatchMap map) {
    float[] sorted = map.values().clone();
    Arrays.sort(sorted);
    int count = Math.min(k, sorted.length);
    double sum = 0;
    for (int i = sorted.length - count; i < sorted.length; i++) {
      sum += sorted[i];
    }
    return sum / count;
  }

  @Override
  public double[] scores(Embedding image, List<PatchMap> maps) {
    return maps.stream().mapToDouble(this::score).toArray();
  }

  @Override
  public String description() {
    return String.format(Locale.ROOT, "mean cosine of the %d most similar patches", k);
  }
}
