package org.conceptclip.probe;

import java.util.Arrays;

/**
 * The mean cross-entropy of a multinomial logistic model, and its gradient, in float64. Thread-safe.
 *
 * <p>Parameters are one array: the weights [K][M] row by row, then the biases [K]. With scores {@code s = X W^T + b} and probabilities
 * {@code P = softmax(s)}, the loss is {@code -mean(log P[i, y_i])} and the gradient of the weights {@code (P - Y)^T X / N}.
 */
final class BottleneckLoss {
  private final double[] x;
  private final int[] y;
  private final int items;
  private final int columns;
  private final int classes;

  /**
   * @param x features [N][M], row by row; shared, not copied
   * @param y classes [N], 0 to K - 1; shared
   */
  BottleneckLoss(double[] x, int[] y, int columns, int classes) {
    this.x = x;
    this.y = y;
    this.items = y.length;
    this.columns = columns;
    this.classes = classes;
  }

  int columns() {
    return columns;
  }

  int classes() {
    return classes;
  }

  /** Number of parameters: K * M + K. */
  int size() {
    return classes * columns + classes;
  }

  /** The loss of the same items with some of the columns only. */
  BottleneckLoss restricted(int[] kept) {
    double[] part = new double[items * kept.length];
    for (int i = 0; i < items; i++) {
      for (int j = 0; j < kept.length; j++) {
        part[i * kept.length + j] = x[i * columns + kept[j]];
      }
    }
    return new BottleneckLoss(part, y, kept.length, classes);
  }

  /** The loss; its gradient [K * M + K] replaces what is in {@code gradient}. */
  double gradient(double[] parameters, double[] gradient) {
    Arrays.fill(gradient, 0);
    double[] p = new double[classes];
    double loss = 0;
    for (int i = 0; i < items; i++) {
      loss -= logSoftmax(parameters, i, p);
      for (int k = 0; k < classes; k++) {
        double difference = (p[k] - (k == y[i] ? 1 : 0)) / items;
        gradient[classes * columns + k] += difference;
        add(difference, i * columns, gradient, k * columns);
      }
    }
    return loss / items;
  }

  /** The loss, and the share of items whose most probable class is theirs. */
  double[] lossAndAccuracy(double[] parameters) {
    double[] p = new double[classes];
    double loss = 0;
    int right = 0;
    for (int i = 0; i < items; i++) {
      loss -= logSoftmax(parameters, i, p);
      right += largest(p) == y[i] ? 1 : 0;
    }
    return new double[] {loss / items, (double) right / items};
  }

  /** The first of the largest. */
  static int largest(double[] values) {
    int best = 0;
    for (int k = 1; k < values.length; k++) {
      best = values[k] > values[best] ? k : best;
    }
    return best;
  }

  /** Scores to probabilities, in place. Returns the logarithm of the sum of the scores' exponentials. */
  static double softmax(double[] scores) {
    double top = scores[largest(scores)];
    double sum = 0;
    for (int k = 0; k < scores.length; k++) {
      scores[k] = Math.exp(scores[k] - top);
      sum += scores[k];
    }
    for (int k = 0; k < scores.length; k++) {
      scores[k] /= sum;
    }
    return top + Math.log(sum);
  }

  /** Fills in the probabilities of an item. Returns the logarithm of that of its own class. */
  private double logSoftmax(double[] parameters, int item, double[] p) {
    for (int k = 0; k < classes; k++) {
      p[k] = parameters[classes * columns + k] + dot(parameters, k * columns, item * columns);
    }
    double own = p[y[item]];
    return own - softmax(p);
  }

  /** Four sums, so that additions need not wait for each other. */
  private double dot(double[] weights, int w, int row) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int j = 0;
    for (; j + 3 < columns; j += 4) {
      a += weights[w + j] * x[row + j];
      b += weights[w + j + 1] * x[row + j + 1];
      c += weights[w + j + 2] * x[row + j + 2];
      d += weights[w + j + 3] * x[row + j + 3];
    }
    for (; j < columns; j++) {
      a += weights[w + j] * x[row + j];
    }
    return a + b + (c + d);
  }

  private void add(double factor, int row, double[] sums, int at) {
    for (int j = 0; j < columns; j++) {
      sums[at + j] += factor * x[row + j];
    }
  }
}
