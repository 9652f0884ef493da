package org.conceptclip.evaluate;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.evaluate.ClassificationReport.ClassFigures;
import org.conceptclip.evaluate.ClassificationReport.GroupTable;
import org.conceptclip.util.ArgMax;
import org.conceptclip.util.OneLine;

/**
 * Metrics of a classification, with intervals and by group. They are scikit-learn's, to 1e-12: {@code accuracy_score},
 * {@code balanced_accuracy_score}, {@code roc_auc_score} (one against the rest, macro), {@code average_precision_score},
 * {@code precision_score}, {@code recall_score} and {@code f1_score} over all labels with {@code zero_division=0}, and
 * {@code confusion_matrix}. Where scikit-learn refuses to compute an AUROC, it is NaN here, and a warning says why.
 *
 * <p>Intervals are percentiles of the bootstrap ({@link Interval}): each resample draws as many items as there are, with replacement, from
 * all of them; groups are what was drawn of them. In a resample that no item (or no other) of a class was drawn for, the AUROC of that
 * class is not defined: it is left out of the class's interval and of that resample's mean. The gap between groups is never negative, in
 * no resample, so its interval does not reach 0 where groups do not differ: chance alone makes a gap.
 */
public final class Evaluation {
  private Evaluation() {}

  /**
   * Everything that is said about scores. Works on the threads of the common pool, or of the pool that it is called in; their number does
   * not change the result. Holds about {@code items * labels * (5 + 4 * groupings)} bytes besides the scores, of several labels an item
   * {@code items * labels * (14 + 4 * groupings)}.
   *
   * @param groupings columns of metadata; may be empty
   * @throws org.conceptclip.tensor.BadInputException if there is no item, a score is not a finite number from 0 to 1, the probabilities of
   *     an item do not sum to 1 within 1e-6, a true class does not exist, or lengths differ; the message names the item (counted from 0)
   *     and the class
   */
  public static ClassificationReport report(Scores scores, List<Grouping> groupings, BootstrapOptions bootstrap) {
    ScoreChecks.check(scores);
    groupings.forEach(grouping -> ScoreChecks.check(grouping, scores.items()));
    Measures measures = new Measures(scores, groupings, bootstrap.smallestGroup());
    int[] once = Resampling.once(scores.items());
    double[] values = measures.figures(once);
    double[][] resampled = Resampling.run(bootstrap, scores.items(), measures.size(), measures::figures);
    List<Interval> figures = new ArrayList<>();
    for (int f = 0; f < values.length; f++) {
      figures.add(Resampling.interval(values[f], resampled[f], bootstrap.level()));
    }
    Decisions.Tally tally = measures.decisions().tally(once);
    return new ClassificationReport(
        scores.items(),
        classes(scores.labels(), measures, tally, figures),
        figures.get(Metric.ACCURACY.ordinal()),
        figures.get(Metric.BALANCED_ACCURACY.ordinal()),
        figures.get(Metric.AUROC_MACRO.ordinal()),
        figures.get(Metric.AVERAGE_PRECISION_MACRO.ordinal()),
        figures.get(Metric.F1_MACRO.ordinal()),
        figures.get(Metric.ECE.ordinal()),
        scores instanceof Scores.MultiClass one ? confusion(one) : null,
        measures.calibration().reliability(),
        groups(measures, once, figures),
        warnings(scores, bootstrap, measures, tally, once));
  }

  private static List<ClassFigures> classes(List<String> labels, Measures measures, Decisions.Tally tally, List<Interval> figures) {
    List<ClassFigures> classes = new ArrayList<>();
    for (int c = 0; c < labels.size(); c++) {
      long positives = tally.positives(c);
      classes.add(new ClassFigures(labels.get(c), positives, figures.get(measures.auroc(c)), figures.get(measures.averagePrecision(c)),
          tally.precision(c), positives == 0 ? Double.NaN : tally.recall(c), tally.f1(c)));
    }
    return List.copyOf(classes);
  }

  private static long[][] confusion(Scores.MultiClass scores) {
    long[][] confusion = new long[scores.labels().size()][scores.labels().size()];
    for (int i = 0; i < scores.items(); i++) {
      confusion[scores.truth()[i]][ArgMax.of(scores.scores()[i])]++;
    }
    return confusion;
  }

  private static List<GroupTable> groups(Measures measures, int[] once, List<Interval> figures) {
    List<GroupTable> tables = new ArrayList<>();
    int at = measures.groupsStart();
    for (GroupMeasures column : measures.groups()) {
      tables.add(column.table(once, figures.subList(at, at + column.size())));
      at += column.size();
    }
    return List.copyOf(tables);
  }

  private static List<String> warnings(Scores scores, BootstrapOptions bootstrap, Measures measures, Decisions.Tally tally, int[] once) {
    List<String> warnings = new ArrayList<>();
    if (scores.items() < bootstrap.smallestGroup()) {
      warnings.add(scores.items() + " items: fewer than " + bootstrap.smallestGroup() + " say little");
    }
    for (int c = 0; c < scores.labels().size(); c++) {
      String label = OneLine.quoted(scores.labels().get(c));
      if (tally.positives(c) == 0) {
        warnings.add("no item is of " + label + ", so its AUROC, average precision and recall are not defined");
      } else if (tally.positives(c) == scores.items()) {
        warnings.add("every item is of " + label + ", so its AUROC is not defined");
      }
    }
    measures.groups().forEach(column -> warnings.addAll(column.warnings(scores.labels(), once)));
    return List.copyOf(warnings);
  }
}
