package org.conceptclip.evaluate;

/**
 * Average precision: the sum over distinct scores, from the highest on, of (recall - recall before) * precision. Items of equal scores are
 * taken together, and nothing is interpolated: scikit-learn's {@code average_precision_score}.
 */
public final class AveragePrecision {
  private AveragePrecision() {}

  /**
   * Average precision.
   *
   * @param truth whether an item is positive [N]
   * @param scores [N]
   * @return above 0, at most 1; NaN if no item is positive, where scikit-learn says 0
   * @throws org.conceptclip.tensor.BadInputException if the lengths differ or a score is not finite
   */
  public static double of(boolean[] truth, double[] scores) {
    return of(Roc.ranking(truth, scores), Resampling.once(truth.length));
  }

  /** Average precision where item i occurs {@code counts[i]} times. */
  static double of(Ranking ranking, int[] counts) {
    long positives = 0;
    long all = 0;
    long tiedPositives = 0;
    double sum = 0;
    for (int entry : ranking.entries()) {
      int count = counts[Ranking.item(entry)];
      all += count;
      tiedPositives += -Ranking.positive(entry) & count;
      if (Ranking.last(entry) && tiedPositives > 0) {
        positives += tiedPositives;
        sum += tiedPositives * ((double) positives / all);
        tiedPositives = 0;
      }
    }
    return positives == 0 ? Double.NaN : sum / positives;
  }
}
