package org.conceptclip.probe;

import java.util.Arrays;
import org.conceptclip.Embedding;
import org.conceptclip.explain.PatchMap;
import org.conceptclip.explain.TopPatches;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.Labelled;
import org.conceptclip.util.OneLine;

/**
 * How similar an image is to a concept, in one number.
 *
 * @param kind what is compared
 * @param topK patches whose cosines are averaged, at least 1; 0 unless the kind is {@link Kind#LOCAL}
 */
public record BottleneckSimilarity(Kind kind, int topK) {
  /**
   * One patch in twenty (36 of 729, 5 of the demo model's 100): on drawings, findings are told apart better by few patches than by the 128
   * of 729 that zero-shot scoring averages over, or by the whole image.
   */
  private static final int DEFAULT_SHARE = 20;

  /** What is compared with a concept. */
  public enum Kind implements Labelled {
    /** The vector of the whole image with that of the phrase in its template. */
    GLOBAL,
    /** The patches that are most similar with the phrase's own tokens. */
    LOCAL,
    /** Numbers that somebody else computed: there are no vectors, so no image can be compared. */
    GIVEN
  }

  public BottleneckSimilarity {
    if (kind == Kind.LOCAL ? topK < 1 : topK != 0) {
      throw new IllegalArgumentException("top-k is " + topK + " for similarities of kind " + kind.label());
    }
  }

  /** The number of patches that is averaged over by default. */
  public static int defaultTopK(int patches) {
    return Math.max(1, patches / DEFAULT_SHARE);
  }

  /**
   * The kind of this name.
   *
   * @throws BadInputException if there is none
   */
  static Kind kind(String label) {
    return Labelled.find(Kind.class, label)
        .orElseThrow(() -> new BadInputException("similarities of kind " + OneLine.quoted(label, 40)
            + ", expected global, local or given"));
  }

  /** Whether the patches of an image are needed. */
  public boolean usesPatches() {
    return kind == Kind.LOCAL;
  }

  /**
   * The similarities of an image with concepts [M], from -1 to 1, summed in float64.
   *
   * @param name of the image, to begin a message with
   * @param image with its patches, if they are used
   * @param vectors of the concepts [M][D]; need not be normalised
   * @throws BadInputException if the image's vectors hold NaN or infinity
   */
  public double[] of(String name, Embedding image, float[][] vectors) {
    double[] result = switch (kind) {
      case GLOBAL -> Arrays.stream(vectors).mapToDouble(vector -> cosine(image.vector(), vector)).toArray();
      case LOCAL -> new TopPatches(topK).scores(image, PatchMap.of(image, vectors));
      case GIVEN -> throw new IllegalStateException("similarities that were given cannot be computed");
    };
    for (int j = 0; j < result.length; j++) {
      if (!Double.isFinite(result[j])) {
        throw new BadInputException(name + ": its similarity with concept " + (j + 1) + " is " + result[j] + ", expected a number; the"
            + " model's weights or an activation are out of range at this precision");
      }
    }
    return result;
  }

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double first = 0;
    double second = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
      first += (double) a[i] * a[i];
      second += (double) b[i] * b[i];
    }
    return first == 0 || second == 0 ? 0 : dot / Math.sqrt(first * second);
  }

  /** In one phrase for people. */
  public String description() {
    return switch (kind) {
      case GLOBAL -> "cosine of the whole image with the phrase";
      case LOCAL -> "mean cosine of the " + topK + " patches most similar to the phrase";
      case GIVEN -> "similarities that were given";
    };
  }
}
