package org.conceptclip.probe;

/**
 * The mean loss of logistic regression as a function of one vector: the weights, row by row, then the intercepts.
 *
 * <p>With a scale it is a function of the weights of standardised features: {@code W ((x - mean) / scale) + b} is computed as {@code V x +
 * (b - V mean)}, V being W over scale, so that the features need not be changed.
 */
final class LogisticObjective implements Lbfgs.Objective {
  private final LinearScores scores;
  private final ClassLoss loss;
  private final FeatureScale scaleOrNull;
  private final double total;
  private final double penalty;
  private final int columns;
  private final int outputs;
  private final double[] weights;
  private final double[] intercepts;
  private final double[] gradientOfWeights;
  private final double[] gradientOfIntercepts;

  /**
   * @param total sum of the weights of all items, by which the loss is divided
   * @param penalty factor of half the square of the weights
   */
  LogisticObjective(LinearScores scores, ClassLoss loss, FeatureScale scaleOrNull, double total, double penalty) {
    this.scores = scores;
    this.loss = loss;
    this.scaleOrNull = scaleOrNull;
    this.total = total;
    this.penalty = penalty;
    this.columns = scores.features().columns();
    this.outputs = scores.outputs();
    this.weights = new double[outputs * columns];
    this.intercepts = new double[outputs];
    this.gradientOfWeights = new double[outputs * columns];
    this.gradientOfIntercepts = new double[outputs];
  }

  @Override
  public double at(double[] point, double[] gradient) {
    System.arraycopy(point, 0, weights, 0, weights.length);
    System.arraycopy(point, weights.length, intercepts, 0, outputs);
    if (scaleOrNull != null) {
      scaleOrNull.toPlain(weights, intercepts);
    }
    double value = scores.evaluate(weights, intercepts, loss, gradientOfWeights, gradientOfIntercepts) / total;
    if (scaleOrNull != null) {
      scaleOrNull.gradientOfScaled(gradientOfWeights, gradientOfIntercepts);
    }
    double squares = 0;
    for (int i = 0; i < weights.length; i++) {
      gradient[i] = gradientOfWeights[i] / total + penalty * point[i];
      squares += point[i] * point[i];
    }
    for (int k = 0; k < outputs; k++) {
      gradient[weights.length + k] = gradientOfIntercepts[k] / total;
    }
    return value + penalty / 2 * squares;
  }

  /** The point of a fit; of zeros without one. */
  double[] point(LogisticRegression.Fit startOrNull) {
    double[] point = new double[outputs * (columns + 1)];
    if (startOrNull != null) {
      for (int k = 0; k < outputs; k++) {
        System.arraycopy(startOrNull.weights()[k], 0, point, k * columns, columns);
      }
      System.arraycopy(startOrNull.intercepts(), 0, point, outputs * columns, outputs);
    }
    return point;
  }

  LogisticRegression.Fit fit(Lbfgs.Minimum found) {
    double[][] rows = new double[outputs][columns];
    for (int k = 0; k < outputs; k++) {
      System.arraycopy(found.point(), k * columns, rows[k], 0, columns);
    }
    double[] last = new double[outputs];
    System.arraycopy(found.point(), outputs * columns, last, 0, outputs);
    if (outputs > 1) {
      double mean = 0;
      for (double intercept : last) {
        mean += intercept / outputs;
      }
      for (int k = 0; k < outputs; k++) {
        last[k] -= mean;
      }
    }
    return new LogisticRegression.Fit(rows, last, found.value() * total, found.gradient(), found.iterations(), found.evaluations(),
        found.end() == Lbfgs.End.CONVERGED);
  }
}
