package org.conceptclip.evaluate;

import java.util.List;

/**
 * Everything that is said about the scores of a classification. Figures that are not defined are NaN (an AUROC of a class that no item, or
 * every item, belongs to).
 *
 * @param items N
 * @param classes number of labels C, in their order
 * @param accuracy multi-class: share of items whose most probable class is true; multi-label: share of items all of whose labels are right
 * @param balancedAccuracy multi-class: mean of the recalls of the classes that have items; multi-label: the mean over the labels that are
 *     true of some items but not of all, of the mean of sensitivity and specificity
 * @param aurocMacro mean of the classes' AUROC (one against the rest) where they are defined
 * @param averagePrecisionMacro mean of the classes' average precision where they are defined
 * @param f1Macro mean of the classes' F1
 * @param ece expected calibration error over 15 bins of equal width; multi-class: of the highest probability; multi-label: of all scores of
 *     all labels, as forecasts whether the label is true
 * @param confusion items by true class (rows) and predicted class [C][C]; null of multi-label scores
 * @param reliability what the calibration error is computed from
 * @param groups a table a column of metadata, in the order in which they were asked for
 * @param warnings lines for people: what is too small to say anything, what is not defined and why
 */
public record ClassificationReport(
    int items,
    List<ClassFigures> classes,
    Interval accuracy,
    Interval balancedAccuracy,
    Interval aurocMacro,
    Interval averagePrecisionMacro,
    Interval f1Macro,
    Interval ece,
    long[][] confusion,
    Reliability reliability,
    List<GroupTable> groups,
    List<String> warnings) {

  /** The figure of a metric. */
  public Interval figure(Metric metric) {
    return switch (metric) {
      case ACCURACY -> accuracy;
      case BALANCED_ACCURACY -> balancedAccuracy;
      case AUROC_MACRO -> aurocMacro;
      case AVERAGE_PRECISION_MACRO -> averagePrecisionMacro;
      case F1_MACRO -> f1Macro;
      case ECE -> ece;
    };
  }

  /** Mean precision of the classes; a class that is never predicted counts as 0, as with scikit-learn's {@code zero_division=0}. */
  public double precisionMacro() {
    return classes.stream().mapToDouble(ClassFigures::precision).sum() / classes.size();
  }

  /** Mean recall of the classes; a class that no item has counts as 0, as with scikit-learn's {@code zero_division=0}. */
  public double recallMacro() {
    return classes.stream().mapToDouble(ClassFigures::recall).filter(recall -> !Double.isNaN(recall)).sum() / classes.size();
  }

  /**
   * A class against the rest.
   *
   * @param positives items that it is true of
   * @param precision of the predictions, 0 if it is never predicted
   * @param recall NaN if no item has it
   */
  public record ClassFigures(
      String label, long positives, Interval auroc, Interval averagePrecision, double precision, double recall, double f1) {}

  /** @param bins of equal width over the confidence, from 0 to 1 */
  public record Reliability(List<Bin> bins) {
    /**
     * @param items whose confidence is above {@code low} and at most {@code high}
     * @param confidence their mean confidence, NaN if there are none
     * @param accuracy share of them that is right (multi-label: share of the label scores whose label is true), NaN if there are none
     */
    public record Bin(double low, double high, long items, double confidence, double accuracy) {}
  }

  /**
   * The items by the values of a column.
   *
   * @param groups in the order of their values' first items
   * @param accuracyGap largest minus smallest accuracy of groups that are not too small; NaN if they are fewer than two
   * @param aurocGap as {@code accuracyGap}, for the macro AUROC
   */
  public record GroupTable(String column, List<GroupFigures> groups, Interval accuracyGap, Interval aurocGap) {}

  /** @param tooSmall fewer items than say anything; the group takes no part in the gap and has no intervals */
  public record GroupFigures(String value, long items, Interval accuracy, Interval aurocMacro, boolean tooSmall) {}
}
