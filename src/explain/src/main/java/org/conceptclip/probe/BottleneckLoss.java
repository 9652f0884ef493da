package org.conceptclip.probe;

import java.util.Arrays;
import org.conceptclip.util.ArgMax;

/**
 * The mean cross-entropy of a multinomial logistic model, and its gradient, in float64. Thread-safe.
 *
 * <p>Parameters are one array: the weights [K][M] row by row, then the biases [K]. With scores {@code s = X W^T + b} and probabilities
 * {@code P = softmax(s)}, the loss is {@code -mean(log P[i, y_i])} and the gradient of the weights {@code (P - Y)^T X / N}.
 */
final class BottleneckLoss {
  private final double[] x;
  // The same, column by column: so weights of 0, which most are, cost nothing, and the others multiply whole columns.
  private final double[] transposed;
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
    this.transposed = new double[x.length];
    for (int i = 0; i < items; i++) {
      for (int j = 0; j < columns; j++) {
        transposed[j * items + i] = x[i * columns + j];
      }
    }
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
    double[][] scores = scores(parameters);
    Arrays.fill(gradient, 0);
    double[] p = new double[classes];
    double loss = 0;
    for (int i = 0; i < items; i++) {
      loss -= logSoftmax(scores, i, p);
      for (int k = 0; k < classes; k++) {
        double difference = (p[k] - (k == y[i] ? 1 : 0)) / items;
        gradient[classes * columns + k] += difference;
        add(difference, x, i * columns, gradient, k * columns, columns);
      }
    }
    return loss / items;
  }

  /** The loss, and the share of items whose most probable class is theirs. */
  double[] lossAndAccuracy(double[] parameters) {
    double[][] scores = scores(parameters);
    double[] p = new double[classes];
    double loss = 0;
    int right = 0;
    for (int i = 0; i < items; i++) {
      loss -= logSoftmax(scores, i, p);
      right += ArgMax.of(p) == y[i] ? 1 : 0;
    }
    return new double[] {loss / items, (double) right / items};
  }

  /** The scores of all items, class by class [K][N]. */
  private double[][] scores(double[] parameters) {
    double[][] scores = new double[classes][items];
    for (int k = 0; k < classes; k++) {
      Arrays.fill(scores[k], parameters[classes * columns + k]);
      for (int j = 0; j < columns; j++) {
        double weight = parameters[k * columns + j];
        if (weight != 0) {
          add(weight, transposed, j * items, scores[k], 0, items);
        }
      }
    }
    return scores;
  }

  /** Scores to probabilities, in place. Returns the logarithm of the sum of the scores' exponentials. */
  static double softmax(double[] scores) {
    double top = scores[ArgMax.of(scores)];
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
  private double logSoftmax(double[][] scores, int item, double[] p) {
    for (int k = 0; k < classes; k++) {
      p[k] = scores[k][item];
    }
    double own = p[y[item]];
    return own - softmax(p);
  }

  /** Adds multiples of numbers to others; the JVM turns this loop into vector instructions, and sums of products not. */
  private static void add(double factor, double[] values, int from, double[] sums, int to, int count) {
    for (int j = 0; j < count; j++) {
      sums[to + j] += factor * values[from + j];
    }
  }
}
