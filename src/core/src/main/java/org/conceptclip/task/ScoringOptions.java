package org.conceptclip.task;

/**
 * How images are scored.
 *
 * @param scoring what takes part
 * @param topK patches that a local score averages over, at least 1; a model with fewer patches uses all
 * @param alpha weight of the local probability in an ensemble, 0 to 1
 */
public record ScoringOptions(Scoring scoring, int topK, double alpha) {
  /** The official evaluation's patches for a local score. */
  public static final int OFFICIAL_TOP_K = 128;

  /** The official evaluation's blend. */
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
   * Logits to probabilities.
   *
   * @param globalOrNull [C]; not read by local scoring
   * @param localOrNull [C]; not read by global scoring
   * @return [C], with the sum 1
   */
  public double[] probabilities(double[] globalOrNull, double[] localOrNull) {
    return switch (scoring) {
      case GLOBAL -> softmax(globalOrNull);
      case LOCAL -> softmax(localOrNull);
      case ENSEMBLE -> blend(softmax(localOrNull), softmax(globalOrNull));
    };
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
