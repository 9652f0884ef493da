package org.conceptclip.evaluate;

import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;

/**
 * The area under the receiver operating characteristic: the probability that a positive item has a higher score than a negative one, where
 * equal scores count half. That is the Mann-Whitney statistic with mid-ranks, and scikit-learn's {@code roc_auc_score}.
 */
public final class Roc {
  private Roc() {}

  /**
   * The area.
   *
   * @param truth whether an item is positive [N]
   * @param scores [N]
   * @return from 0 to 1; NaN if there is no positive or no negative item
   * @throws BadInputException if the lengths differ or a score is not finite
   */
  public static double area(boolean[] truth, double[] scores) {
    return area(ranking(truth, scores), Resampling.once(truth.length));
  }

  /** The area where item i occurs {@code counts[i]} times. Exact but for one division: pairs are counted in integers. */
  static double area(Ranking ranking, int[] counts) {
    long positives = 0;
    long negatives = 0;
    long twiceTheWins = 0;
    long tiedPositives = 0;
    long tiedNegatives = 0;
    for (int entry : ranking.entries()) {
      int count = counts[Ranking.item(entry)];
      int positive = -Ranking.positive(entry) & count;
      tiedPositives += positive;
      tiedNegatives += count - positive;
      if (Ranking.last(entry)) {
        twiceTheWins += tiedNegatives * (2 * positives + tiedPositives);
        positives += tiedPositives;
        negatives += tiedNegatives;
        tiedPositives = 0;
        tiedNegatives = 0;
      }
    }
    return positives == 0 || negatives == 0 ? Double.NaN : twiceTheWins / (2.0 * positives * negatives);
  }

  static Ranking ranking(boolean[] truth, double[] scores) {
    if (truth.length != scores.length) {
      throw new BadInputException("truth of " + truth.length + " items, scores of " + scores.length + ", expected as many");
    }
    for (int i = 0; i < scores.length; i++) {
      if (!Double.isFinite(scores[i])) {
        throw new BadInputException("score of item " + i + ": " + scores[i] + ", expected a finite number");
      }
    }
    return Ranking.of(IntStream.range(0, truth.length).toArray(), i -> truth[i], i -> scores[i]);
  }
}
