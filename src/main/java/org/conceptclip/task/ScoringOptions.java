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
}
