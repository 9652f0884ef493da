package org.conceptclip.probe;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.conceptclip.util.Parallel;

/**
 * Second derivatives of the mean loss of logistic regression, estimated from a sample of the items, as the starting point of L-BFGS.
 *
 * <p>For each class its block of the Hessian is taken to be {@code mean of v x xᵀ + penalty I}, x with a 1 for the intercept and v the
 * mean of p (1 - p) over the classes; blocks that couple classes are left out. The estimate changes how fast the minimum is found, not where it is.
 */
final class HessianEstimate implements Lbfgs.InverseHessian {
  /** Items of the sample: at least these, and four for each feature, or all. */
  private static final int SAMPLE = 8192;
  /** With more features the factorisation, which takes their third power, costs more than it saves. */
  private static final int MOST_FEATURES = 2048;
  /** Rows of the matrix that a task computes, and rows of the sample at a time. */
  private static final int STRIPE = 32;
  private static final int GROUP = 16;

  private final LinearScores scores;
  private final int[] labels;
  private final double[] weightOfClass;
  private final FeatureScale scaleOrNull;
  private final double penalty;
  private final int columns;
  private final int rows;
  private final float[] sample;
  private final double[][] factor;

  private HessianEstimate(LinearScores scores, int[] labels, double[] weightOfClass, FeatureScale scaleOrNull, double penalty) {
    this.scores = scores;
    this.labels = labels;
    this.weightOfClass = weightOfClass;
    this.scaleOrNull = scaleOrNull;
    this.penalty = penalty;
    this.columns = scores.features().columns() + 1;
    this.rows = scores.features().rows();
    this.sample = sample();
    this.factor = new double[columns][columns];
  }

  /** An estimate; null where it would not pay. */
  static HessianEstimate orNull(
      FeatureRows features, int outputs, int[] labels, double[] weightOfClass, FeatureScale scaleOrNull, double penalty) {
    if (features.columns() > MOST_FEATURES) {
      return null;
    }
    int rows = Math.min(features.rows(), Math.max(SAMPLE, 4 * features.columns()));
    int[] chosen = IntStream.range(0, rows).map(i -> (int) ((long) i * features.rows() / rows)).toArray();
    int[] chosenLabels = IntStream.of(chosen).map(item -> labels[item]).toArray();
    return new HessianEstimate(new LinearScores(features.choose(chosen), outputs), chosenLabels, weightOfClass, scaleOrNull, penalty);
  }

  /** The rows of the sample, standardised if the features are, each with a 1 behind it; rows of zeros make the last group whole. */
  private float[] sample() {
    int padded = Math.ceilDiv(rows, GROUP) * GROUP;
    float[] values = new float[padded * columns];
    float[] row = new float[columns - 1];
    for (int i = 0; i < rows; i++) {
      scores.features().copy(i, 1, row);
      for (int j = 0; j < row.length; j++) {
        values[i * columns + j] =
            scaleOrNull == null ? row[j] : (float) ((row[j] - scaleOrNull.mean()[j]) / scaleOrNull.scale()[j]);
      }
      values[i * columns + row.length] = 1;
    }
    return values;
  }

  @Override
  public void refresh(double[] point) {
    double[] curvature = curvature(point);
    int stripes = Math.ceilDiv(columns, STRIPE);
    Parallel.map(stripes, stripe -> {
      accumulate(stripe * STRIPE, Math.min(columns, (stripe + 1) * STRIPE), curvature);
      return stripe;
    });
    factorise();
  }

  /** The factor v of each item, divided so that their sum is the mean over the items; zeros behind the last. */
  private double[] curvature(double[] point) {
    int outputs = scores.outputs();
    double[] weights = Arrays.copyOf(point, outputs * (columns - 1));
    double[] intercepts = Arrays.copyOfRange(point, weights.length, point.length);
    if (scaleOrNull != null) {
      scaleOrNull.toPlain(weights, intercepts);
    }
    double total = 0;
    for (int label : labels) {
      total += weightOfClass[label];
    }
    double all = total;
    double[] curvature = new double[sample.length / columns];
    LinearModel model = new LinearModel(weights, intercepts);
    scores.scan(weights, intercepts, (first, count, block, stride) -> {
      for (int i = 0; i < count; i++) {
        double sum = 0;
        double[] probabilities = model.probabilities(block, i, stride);
        for (double p : probabilities) {
          sum += p * (1 - p) / probabilities.length;
        }
        curvature[first + i] = sum * weightOfClass[labels[first + i]] / all;
      }
      return 0;
    });
    return curvature;
  }

  /** Rows {@code from} to {@code to} of the matrix, up to the diagonal. */
  private void accumulate(int from, int to, double[] curvature) {
    double[] coefficients = new double[GROUP];
    for (int j = from; j < to; j++) {
      Arrays.fill(factor[j], 0);
    }
    for (int row = 0; row < curvature.length; row += GROUP) {
      for (int j = from; j < to; j++) {
        for (int i = 0; i < GROUP; i++) {
          coefficients[i] = curvature[row + i] * sample[(row + i) * columns + j];
        }
        LinearScores.addRows(sample, row * columns, columns, GROUP, coefficients, 0, factor[j], 0, j + 1);
      }
    }
    for (int j = from; j < to; j++) {
      // The intercept has no penalty; what is added to all keeps the factorisation possible where features depend on each other.
      factor[j][j] += (j < columns - 1 ? penalty : 0) + 1e-12 * (1 + factor[j][j]);
    }
  }

  /** Cholesky's factorisation A = Uᵀ U, by rows of U: whole rows are subtracted, which is vectorised. */
  private void factorise() {
    for (int i = 0; i < columns; i++) {
      for (int j = 0; j < i; j++) {
        factor[j][i] = factor[i][j];
      }
    }
    for (int k = 0; k < columns; k++) {
      double[] pivot = factor[k];
      double root = Math.sqrt(Math.max(pivot[k], Double.MIN_NORMAL));
      for (int j = k; j < columns; j++) {
        pivot[j] /= root;
      }
      for (int i = k + 1; i < columns; i++) {
        subtract(pivot[i], pivot, factor[i], i);
      }
    }
  }

  private static void subtract(double times, double[] row, double[] from, int first) {
    for (int j = first; j < from.length; j++) {
      from[j] -= times * row[j];
    }
  }

  @Override
  public void multiply(double[] vector) {
    int outputs = scores.outputs();
    int width = columns - 1;
    Parallel.map(outputs, k -> {
      double[] x = new double[columns];
      System.arraycopy(vector, k * width, x, 0, width);
      x[width] = vector[outputs * width + k];
      solve(x);
      System.arraycopy(x, 0, vector, k * width, width);
      vector[outputs * width + k] = x[width];
      return k;
    });
  }

  /** Solves Uᵀ U x = b in place. */
  private void solve(double[] x) {
    for (int i = 0; i < columns; i++) {
      x[i] /= factor[i][i];
      subtract(x[i], factor[i], x, i + 1);
    }
    for (int i = columns - 1; i >= 0; i--) {
      double[] row = factor[i];
      double a = 0;
      double b = 0;
      double c = 0;
      double d = x[i];
      int j = i + 1;
      for (; j + 2 < columns; j += 3) {
        a += row[j] * x[j];
        b += row[j + 1] * x[j + 1];
        c += row[j + 2] * x[j + 2];
      }
      for (; j < columns; j++) {
        a += row[j] * x[j];
      }
      x[i] = (d - a - b - c) / row[i];
    }
  }
}
