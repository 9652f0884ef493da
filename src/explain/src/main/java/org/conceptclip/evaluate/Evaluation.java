package org.conceptclip.evaluate;

import java.util.List;

/** Metrics of a classification, with intervals and by group. */
public final class Evaluation {
  private Evaluation() {}

  /**
   * Everything that is said about scores.
   *
   * @param groupings columns of metadata; may be empty
   * @throws org.conceptclip.tensor.BadInputException if there is no item, a score is not a finite number from 0 to 1, the probabilities of an
   *     item do not sum to 1, or lengths differ; the message names the item (counted from 0) and the class
   */
  public static ClassificationReport report(Scores scores, List<Grouping> groupings, BootstrapOptions bootstrap) {
    throw new UnsupportedOperationException();
  }
}
