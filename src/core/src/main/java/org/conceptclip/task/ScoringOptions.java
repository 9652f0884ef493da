package org.conceptclip.task;

/**
 * How images are scored. Immutable.
 *
 * @param scoring the comparisons that take part
 * @param topK number of patches that a local score is averaged over, at least 1; a model with fewer patches uses all of them
 * @param alpha weight of the local probability in an ensemble, 0 to 1
 */
public record ScoringOptions(Scoring scoring, int topK, double alpha) {
  /** Number of patches of a local score in the official evaluation. */
  public static final int OFFICIAL_TOP_K = 128;

  /** Weight of the local probability in the official evaluation. */
  public static final double OFFICIAL_ALPHA = 0.5;

  public ScoringOptions {
    if (topK < 1) {
      throw new IllegalArgumentException("top-k is " + topK + ", expected at least 1");
    }
    if (!(alpha >= 0 && alpha <= 1)) {
      throw new IllegalArgumentException("alpha is " + alpha + ", expected 0 to 1");
    }
  }

  /** The official settings. */
  public static ScoringOptions of(Scoring scoring) {
    return new ScoringOptions(scoring, OFFICIAL_TOP_K, OFFICIAL_ALPHA);
  }

  /**
   * Converts logits to probabilities.
   *
   * @param globalOrNull [C]; unused by local scoring
   * @param localOrNull [C]; unused by global scoring
   * @return [C]; the sum is 1
   */
  public double[] probabilities(double[] globalOrNull, double[] localOrNull) {
    return switch (scoring) {
      case GLOBAL -> softmax(globalOrNull);
      case LOCAL -> softmax(localOrNull);
      case ENSEMBLE -> blend(softmax(localOrNull), softmax(globalOrNull));
    };
  }

  /**
   * Converts logits to the probability of each label for itself, where several may be true of one image: as {@link #probabilities}, with a
   * sigmoid of each logit in place of the softmax over all. Source: the official multi-label evaluation.
   *
   * @return [C], each from 0 to 1; their sum is anything
   */
  public double[] independentProbabilities(double[] globalOrNull, double[] localOrNull) {
    return switch (scoring) {
      case GLOBAL -> sigmoids(globalOrNull);
      case LOCAL -> sigmoids(localOrNull);
      case ENSEMBLE -> blend(sigmoids(localOrNull), sigmoids(globalOrNull));
    };
  }

  private static double[] sigmoids(double[] logits) {
    double[] values = new double[logits.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1 / (1 + Math.exp(-logits[i]));
    }
    return values;
  }

  private double[] blend(double[] local, double[] global) {
    double[] blended = new double[local.length];
    for (int i = 0; i < blended.length; i++) {
      blended[i] = alpha * local[i] + (1 - alpha) * global[i];
    }
    return blended;
  }

  private static double[] softmax(double[] logits) {
    double[] values = logits.clone();
    double max = Double.NEGATIVE_INFINITY;
    for (double value : values) {
      max = Math.max(max, value);
    }
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.exp(values[i] - max);
      sum += values[i];
    }
    for (int i = 0; i < values.length; i++) {
      values[i] /= sum;
    }
    return values;
  }
}
