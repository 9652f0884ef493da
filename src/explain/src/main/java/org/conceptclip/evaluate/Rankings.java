package org.conceptclip.evaluate;

import java.util.stream.IntStream;
import org.conceptclip.util.Parallel;

/** A ranking of the same items for each label. Holds 4 bytes for each item and label. */
final class Rankings {
  private final Ranking[] ofLabels;

  private Rankings(Ranking[] ofLabels) {
    this.ofLabels = ofLabels;
  }

  static Rankings of(Scores scores, int[] items) {
    return new Rankings(Parallel.map(scores.labels().size(), label ->
        Ranking.of(items, i -> isTrue(scores, i, label), i -> score(scores, i, label))).toArray(Ranking[]::new));
  }

  static Rankings ofAll(Scores scores) {
    return of(scores, IntStream.range(0, scores.items()).toArray());
  }

  private static boolean isTrue(Scores scores, int item, int label) {
    return switch (scores) {
      case Scores.MultiClass one -> one.truth()[item] == label;
      case Scores.MultiLabel several -> several.truth()[item][label];
    };
  }

  private static double score(Scores scores, int item, int label) {
    return switch (scores) {
      case Scores.MultiClass one -> one.scores()[item][label];
      case Scores.MultiLabel several -> several.scores()[item][label];
    };
  }

  double[] areas(int[] counts) {
    double[] areas = new double[ofLabels.length];
    for (int label = 0; label < areas.length; label++) {
      areas[label] = Roc.area(ofLabels[label], counts);
    }
    return areas;
  }

  double[] averagePrecisions(int[] counts) {
    double[] values = new double[ofLabels.length];
    for (int label = 0; label < values.length; label++) {
      values[label] = AveragePrecision.of(ofLabels[label], counts);
    }
    return values;
  }

  /** Mean of the values that are defined; NaN if none is. */
  static double mean(double[] values) {
    double sum = 0;
    int defined = 0;
    for (double value : values) {
      if (!Double.isNaN(value)) {
        sum += value;
        defined++;
      }
    }
    return defined == 0 ? Double.NaN : sum / defined;
  }
}
