package org.conceptclip.evaluate;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Scores drawn from a seed. */
final class Synthetic {
  private Synthetic() {}

  static List<String> labels(int classes) {
    return IntStream.range(0, classes).mapToObj(c -> "class " + c).toList();
  }

  /** Softmax of normal logits to which {@code strength} is added at the true class; all of it times {@code sharpness}. */
  static Scores.MultiClass multiClass(int items, int classes, double strength, double sharpness, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] truth = random.ints(items, 0, classes).toArray();
    double[][] scores = new double[items][classes];
    for (int i = 0; i < items; i++) {
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        scores[i][c] = Math.exp(sharpness * (random.nextGaussian() + (c == truth[i] ? strength : 0)));
        sum += scores[i][c];
      }
      for (int c = 0; c < classes; c++) {
        scores[i][c] /= sum;
      }
    }
    return new Scores.MultiClass(labels(classes), truth, scores);
  }

  /** Labels that are true of three items in ten, and scores from 0 to 1 in steps of 1/50. */
  static Scores.MultiLabel multiLabel(int items, int labels, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    boolean[][] truth = new boolean[items][labels];
    double[][] scores = new double[items][labels];
    for (int i = 0; i < items; i++) {
      for (int c = 0; c < labels; c++) {
        truth[i][c] = random.nextDouble() < 0.3;
        double logit = random.nextGaussian() + (truth[i][c] ? 1 : -1);
        scores[i][c] = Math.round(50 / (1 + Math.exp(-logit))) / 50.0;
      }
    }
    return new Scores.MultiLabel(labels(labels), truth, scores);
  }

  /** A column of {@code values} values of about equally many items. */
  static Grouping grouping(String column, int items, int values, long seed) {
    return new Grouping(column, new SplittableRandom(seed).ints(items, 0, values).mapToObj(v -> column + " " + v).toList());
  }
}
