package org.conceptclip.evaluate;

import java.util.HashSet;
import java.util.List;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/** Refuses scores that no metric can be computed from. Items are counted from 0 in messages. */
final class ScoreChecks {
  /** How far the sum of an item's probabilities may be from 1. */
  private static final double SUM_TOLERANCE = 1e-6;

  private ScoreChecks() {}

  static void check(Scores scores) {
    int labels = scores.labels().size();
    int fewest = scores instanceof Scores.MultiClass ? 2 : 1;
    if (labels < fewest || new HashSet<>(scores.labels()).size() < labels) {
      throw new BadInputException(labels + " labels, expected at least " + fewest + ", none of them twice");
    }
    if (scores.items() == 0) {
      throw new BadInputException("scores of no item, expected at least one");
    }
    switch (scores) {
      case Scores.MultiClass one -> {
        checkLengths(one.items(), one.scores(), labels);
        for (int i = 0; i < one.items(); i++) {
          checkItem(one, i);
        }
      }
      case Scores.MultiLabel several -> {
        checkLengths(several.items(), several.scores(), labels);
        for (int i = 0; i < several.items(); i++) {
          if (several.truth()[i].length != labels) {
            throw new BadInputException("item " + i + ": truth of " + several.truth()[i].length + " labels, expected " + labels);
          }
          checkRange(several.labels(), i, several.scores()[i], 1);
        }
      }
    }
  }

  private static void checkLengths(int items, double[][] scores, int labels) {
    if (scores.length != items) {
      throw new BadInputException("scores of " + scores.length + " items, truth of " + items + ", expected as many");
    }
    for (int i = 0; i < items; i++) {
      if (scores[i].length != labels) {
        throw new BadInputException("item " + i + ": " + scores[i].length + " scores, expected one for each of " + labels + " labels");
      }
    }
  }

  private static void checkItem(Scores.MultiClass scores, int item) {
    int labels = scores.labels().size();
    int truth = scores.truth()[item];
    if (truth < 0 || truth >= labels) {
      throw new BadInputException("item " + item + ": true class " + truth + ", expected 0 to " + (labels - 1));
    }
    checkRange(scores.labels(), item, scores.scores()[item], 1 + SUM_TOLERANCE);
    double sum = 0;
    for (double probability : scores.scores()[item]) {
      sum += probability;
    }
    if (Math.abs(sum - 1) > SUM_TOLERANCE) {
      throw new BadInputException("item " + item + ": probabilities whose sum is " + sum + ", expected 1 within " + SUM_TOLERANCE);
    }
  }

  private static void checkRange(List<String> labels, int item, double[] scores, double highest) {
    for (int label = 0; label < scores.length; label++) {
      if (!(scores[label] >= 0 && scores[label] <= highest)) {
        throw new BadInputException("item " + item + ", " + OneLine.quoted(labels.get(label)) + ": score " + scores[label]
            + ", expected a number from 0 to 1");
      }
    }
  }

  static void check(Grouping grouping, int items) {
    if (grouping.values().size() != items) {
      throw new BadInputException("column " + OneLine.quoted(grouping.column()) + ": " + grouping.values().size() + " values, expected "
          + items + ", one an item");
    }
  }
}
