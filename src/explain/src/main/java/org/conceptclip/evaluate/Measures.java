package org.conceptclip.evaluate;

import java.util.ArrayList;
import java.util.List;

/**
 * What is computed of scores, prepared once, as functions of how often each item occurs: with each item once they give the figures of the
 * set, with the counts of a resample those of the resample. Immutable; safe for several threads.
 */
final class Measures {
  private static final int HEADLINES = Metric.values().length;

  private final int labels;
  private final Rankings rankings;
  private final Decisions decisions;
  private final Calibration calibration;
  private final List<GroupMeasures> groups = new ArrayList<>();

  Measures(Scores scores, List<Grouping> groupings, int smallestGroup) {
    labels = scores.labels().size();
    rankings = Rankings.ofAll(scores);
    decisions = Decisions.of(scores);
    calibration = Calibration.of(scores);
    for (Grouping grouping : groupings) {
      groups.add(new GroupMeasures(grouping, scores, decisions, smallestGroup));
    }
  }

  Decisions decisions() {
    return decisions;
  }

  Calibration calibration() {
    return calibration;
  }

  List<GroupMeasures> groups() {
    return groups;
  }

  /** Length of {@link #figures}. */
  int size() {
    return groupsStart() + groups.stream().mapToInt(GroupMeasures::size).sum();
  }

  int auroc(int label) {
    return HEADLINES + label;
  }

  int averagePrecision(int label) {
    return HEADLINES + labels + label;
  }

  /** Where the figures of the groups begin, column by column. */
  int groupsStart() {
    return HEADLINES + 2 * labels;
  }

  /** The headlines in the order of {@link Metric}, each label's AUROC, each label's average precision, the figures of each column. */
  double[] figures(int[] counts) {
    double[] figures = new double[size()];
    double[] areas = rankings.areas(counts);
    double[] precisions = rankings.averagePrecisions(counts);
    Decisions.Tally tally = decisions.tally(counts);
    figures[Metric.ACCURACY.ordinal()] = tally.accuracy();
    figures[Metric.BALANCED_ACCURACY.ordinal()] = tally.balancedAccuracy();
    figures[Metric.AUROC_MACRO.ordinal()] = Rankings.mean(areas);
    figures[Metric.AVERAGE_PRECISION_MACRO.ordinal()] = Rankings.mean(precisions);
    figures[Metric.F1_MACRO.ordinal()] = tally.f1Macro();
    figures[Metric.ECE.ordinal()] = calibration.error(counts);
    System.arraycopy(areas, 0, figures, auroc(0), labels);
    System.arraycopy(precisions, 0, figures, averagePrecision(0), labels);
    int at = groupsStart();
    for (GroupMeasures column : groups) {
      double[] ofColumn = column.figures(counts);
      System.arraycopy(ofColumn, 0, figures, at, ofColumn.length);
      at += ofColumn.length;
    }
    return figures;
  }
}
