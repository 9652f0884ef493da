package org.conceptclip.probe;

/**
 * Weights and intercepts for features as they are, which scores and probabilities of classes are computed from. The arrays must not be
 * changed. Thread-safe.
 *
 * @param weights [outputs * features], row by row
 * @param intercepts [outputs]: 1 for two classes, else one a class
 */
record LinearModel(double[] weights, double[] intercepts) {
  static LinearModel of(LogisticRegression.Fit fit, FeatureScale scaleOrNull) {
    return of(fit.weights(), fit.intercepts(), scaleOrNull);
  }

  /** @param scaleOrNull if the weights are those of standardised features */
  static LinearModel of(double[][] rows, double[] intercepts, FeatureScale scaleOrNull) {
    double[] weights = Rows.flat(rows);
    double[] plain = intercepts.clone();
    if (scaleOrNull != null) {
      scaleOrNull.toPlain(weights, plain);
    }
    return new LinearModel(weights, plain);
  }

  int outputs() {
    return intercepts.length;
  }

  int classes() {
    return outputs() == 1 ? 2 : outputs();
  }

  /** The class with the largest score; of equal ones, the first. Output k of the item is at {@code at + k * stride}. */
  int best(double[] scores, int at, int stride) {
    if (outputs() == 1) {
      return scores[at] > 0 ? 1 : 0;
    }
    int best = 0;
    for (int k = 1; k < outputs(); k++) {
      if (scores[at + k * stride] > scores[at + best * stride]) {
        best = k;
      }
    }
    return best;
  }

  /** The probabilities of the classes by the scores of an item. */
  double[] probabilities(double[] scores, int at, int stride) {
    double[] probabilities = new double[classes()];
    if (outputs() == 1) {
      double small = Math.exp(-Math.abs(scores[at]));
      int likely = scores[at] > 0 ? 1 : 0;
      probabilities[likely] = 1 / (1 + small);
      probabilities[1 - likely] = small / (1 + small);
      return probabilities;
    }
    double largest = scores[at + best(scores, at, stride) * stride];
    double sum = 0;
    for (int k = 0; k < outputs(); k++) {
      probabilities[k] = Math.exp(scores[at + k * stride] - largest);
      sum += probabilities[k];
    }
    for (int k = 0; k < outputs(); k++) {
      probabilities[k] /= sum;
    }
    return probabilities;
  }
}
