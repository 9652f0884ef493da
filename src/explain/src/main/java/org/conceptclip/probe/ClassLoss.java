package org.conceptclip.probe;

/**
 * The negative log-likelihood of labels. With two classes there is one score z, the log-odds of the second: {@code log(1 + exp(z)) - y z};
 * with more, one score a class: {@code log(sum exp(z)) - z[y]}. Neither overflows.
 *
 * <p>This is scikit-learn's convention, which fits one row of coefficients for two classes. Thread-safe.
 */
final class ClassLoss implements LinearScores.BlockLoss {
  private final int[] labels;
  private final double[] weightOfClass;

  /**
   * @param labels class of each row, from 0
   * @param weightOfClass factor of the loss of its items
   */
  ClassLoss(int[] labels, double[] weightOfClass) {
    this.labels = labels;
    this.weightOfClass = weightOfClass;
  }

  /** Number of scores for a number of classes. */
  static int outputs(int classes) {
    return classes == 2 ? 1 : classes;
  }

  @Override
  public double apply(int first, int count, double[] scores, int stride) {
    double loss = 0;
    for (int i = 0; i < count; i++) {
      int label = labels[first + i];
      double weight = weightOfClass[label];
      loss += weight * (weightOfClass.length == 2 ? two(label, weight, scores, i) : many(label, weight, scores, i, stride));
    }
    return loss;
  }

  private static double two(int label, double weight, double[] scores, int at) {
    double z = scores[at];
    double small = Math.exp(-Math.abs(z));
    double probability = z >= 0 ? 1 / (1 + small) : small / (1 + small);
    scores[at] = weight * (probability - label);
    return Math.max(z, 0) - label * z + Math.log1p(small);
  }

  private double many(int label, double weight, double[] scores, int at, int stride) {
    int end = at + weightOfClass.length * stride;
    double largest = Double.NEGATIVE_INFINITY;
    for (int k = at; k < end; k += stride) {
      largest = Math.max(largest, scores[k]);
    }
    double own = scores[at + label * stride] - largest;
    double sum = 0;
    for (int k = at; k < end; k += stride) {
      scores[k] = Math.exp(scores[k] - largest);
      sum += scores[k];
    }
    for (int k = at; k < end; k += stride) {
      scores[k] *= weight / sum;
    }
    scores[at + label * stride] -= weight;
    return Math.log(sum) - own;
  }
}
