package org.conceptclip.probe;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Minimises {@code loss(W, b) + lambda * sum |W|}, over weights of either sign or over weights of 0 and more; biases are not penalised.
 * Deterministic: the same numbers give the same bits.
 *
 * <p>Proximal gradient steps with Nesterov's momentum (Beck and Teboulle, "A Fast Iterative Shrinkage-Thresholding Algorithm for Linear
 * Inverse Problems", 2009), where the momentum is dropped when it points uphill (O'Donoghue and Candes, "Adaptive Restart for Accelerated
 * Gradient Schemes", 2015) and the step is found by backtracking. Most weights are 0 at the end, so the steps are taken on a working set
 * of columns, which grows until no column outside of it breaks the conditions of optimality.
 *
 * <p>It ends when no parameter would move by more than the tolerance in a proximal step of length 1, {@code |w - prox(w - g)|}. For
 * columns of mean 0 and deviation 1 this measures, in units of the penalty, by how much the conditions of optimality are missed.
 */
final class BottleneckSolver {
  private static final int LONGEST = 50_000;
  private static final int SMALLEST_GROWTH = 8;

  private final BottleneckPenalty penalty;
  private final double lambda;
  private final double tolerance;

  /**
   * What was found.
   *
   * @param parameters weights [K][M], then biases [K], whose mean is 0
   * @param residual by how much the conditions of optimality are missed; at most the tolerance, unless the steps ran out
   */
  record Solution(double[] parameters, double residual) {}

  BottleneckSolver(BottleneckPenalty penalty, double lambda, double tolerance) {
    this.penalty = penalty;
    this.lambda = lambda;
    this.tolerance = tolerance;
  }

  /**
   * The smallest lambda for which all weights are 0.
   *
   * @param start receives the solution there: the biases are the logarithms of the classes' shares, less their mean
   */
  static double largestLambda(BottleneckLoss loss, BottleneckPenalty penalty, int[] y, double[] start) {
    int weights = loss.classes() * loss.columns();
    int[] counts = new int[loss.classes()];
    for (int k : y) {
      counts[k]++;
    }
    Arrays.fill(start, 0);
    for (int k = 0; k < counts.length; k++) {
      start[weights + k] = Math.log(counts[k]);
    }
    centreBiases(start, counts.length);
    double[] gradient = new double[loss.size()];
    loss.gradient(start, gradient);
    return IntStream.range(0, weights).mapToDouble(i -> penalty == BottleneckPenalty.L1 ? Math.abs(gradient[i]) : -gradient[i])
        .max().orElse(0);
  }

  /** The minimum, searched from a point that is allowed. */
  Solution solve(BottleneckLoss loss, double[] start) {
    double[] parameters = start.clone();
    double[] gradient = new double[loss.size()];
    boolean[] working = new boolean[loss.columns()];
    for (int j = 0; j < working.length; j++) {
      working[j] = norm(parameters, loss, j) > 0;
    }
    double residual;
    boolean more;
    do {
      int[] columns = IntStream.range(0, working.length).filter(j -> working[j]).toArray();
      Solution inner = descend(loss.restricted(columns), gather(parameters, loss, columns));
      scatter(inner.parameters(), parameters, loss, columns);
      loss.gradient(parameters, gradient);
      residual = residual(parameters, gradient, loss.classes());
      more = residual > tolerance && inner.residual() <= tolerance && grow(working, parameters, gradient, loss);
    } while (more);
    centreBiases(parameters, loss.classes());
    return new Solution(parameters, residual);
  }

  /** Adds the columns outside of the working set that break the conditions most. False if none does. */
  private boolean grow(boolean[] working, double[] parameters, double[] gradient, BottleneckLoss loss) {
    int inside = 0;
    for (boolean in : working) {
      inside += in ? 1 : 0;
    }
    int[] worst = IntStream.range(0, working.length)
        .filter(j -> !working[j] && move(parameters, gradient, loss, j) > tolerance).boxed()
        .sorted((a, b) -> Double.compare(move(parameters, gradient, loss, b), move(parameters, gradient, loss, a)))
        .limit(Math.max(SMALLEST_GROWTH, inside)).mapToInt(Integer::intValue).toArray();
    for (int j : worst) {
      working[j] = true;
    }
    return worst.length > 0;
  }

  /** Accelerated proximal gradient descent on all columns of a loss. */
  private Solution descend(BottleneckLoss loss, double[] start) {
    int size = loss.size();
    int weights = size - loss.classes();
    double[] x = start.clone();
    double[] y = start.clone();
    double[] next = new double[size];
    double[] slope = new double[size];
    double[] slopeNext = new double[size];
    double momentum = 1;
    double curvature = 0.1;
    double residual = Double.POSITIVE_INFINITY;
    for (int step = 0; step < LONGEST && residual > tolerance; step++) {
      double value = loss.gradient(y, slope);
      while (true) {
        step(y, slope, 1 / curvature, weights, next);
        double valueNext = loss.gradient(next, slopeNext);
        if (isDescent(value, valueNext, y, slope, next, slopeNext, curvature)) {
          break;
        }
        curvature *= 2;
      }
      residual = residual(next, slopeNext, loss.classes());
      double uphill = 0;
      for (int i = 0; i < size; i++) {
        uphill += (y[i] - next[i]) * (next[i] - x[i]);
      }
      double grown = uphill > 0 ? 1 : (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
      double ahead = uphill > 0 ? 0 : (momentum - 1) / grown;
      for (int i = 0; i < size; i++) {
        y[i] = next[i] + ahead * (next[i] - x[i]);
        x[i] = next[i];
      }
      // A restart is the place to try longer steps again: those before it may have come from a steeper region.
      curvature *= uphill > 0 ? 0.6 : 1;
      momentum = grown;
    }
    return new Solution(x, residual);
  }

  /** A proximal step of this length from {@code y} to {@code next}. */
  private void step(double[] y, double[] slope, double length, int weights, double[] next) {
    for (int i = 0; i < y.length; i++) {
      double moved = y[i] - length * slope[i];
      next[i] = i < weights ? penalty.shrink(moved, length * lambda) : moved;
    }
  }

  /**
   * Whether the loss lies below the parabola of this curvature. Either form of the test suffices, because the loss is convex; near the
   * minimum, where differences of losses are lost in rounding, the one by slopes still tells.
   */
  private static boolean isDescent(
      double value, double valueNext, double[] y, double[] slope, double[] next, double[] slopeNext, double curvature) {
    double square = 0;
    double along = 0;
    double turn = 0;
    for (int i = 0; i < y.length; i++) {
      double d = next[i] - y[i];
      square += d * d;
      along += slope[i] * d;
      turn += (slopeNext[i] - slope[i]) * d;
    }
    return square == 0 || valueNext - value - along <= curvature / 2 * square || turn <= curvature / 2 * square;
  }

  /** By how much a parameter moves at most in a proximal step of length 1. */
  private double residual(double[] parameters, double[] gradient, int biases) {
    double largest = 0;
    for (int i = 0; i < parameters.length; i++) {
      largest = Math.max(largest, i < parameters.length - biases ? move(parameters[i], gradient[i]) : Math.abs(gradient[i]));
    }
    return largest;
  }

  private double move(double weight, double slope) {
    return Math.abs(weight - penalty.shrink(weight - slope, lambda));
  }

  private double move(double[] parameters, double[] gradient, BottleneckLoss loss, int column) {
    double largest = 0;
    for (int i = column; i < loss.classes() * loss.columns(); i += loss.columns()) {
      largest = Math.max(largest, move(parameters[i], gradient[i]));
    }
    return largest;
  }

  private static double norm(double[] parameters, BottleneckLoss loss, int column) {
    double sum = 0;
    for (int i = column; i < loss.classes() * loss.columns(); i += loss.columns()) {
      sum += Math.abs(parameters[i]);
    }
    return sum;
  }

  private static double[] gather(double[] parameters, BottleneckLoss loss, int[] columns) {
    double[] part = new double[loss.classes() * columns.length + loss.classes()];
    for (int k = 0; k < loss.classes(); k++) {
      for (int j = 0; j < columns.length; j++) {
        part[k * columns.length + j] = parameters[k * loss.columns() + columns[j]];
      }
      part[loss.classes() * columns.length + k] = parameters[loss.classes() * loss.columns() + k];
    }
    return part;
  }

  private static void scatter(double[] part, double[] parameters, BottleneckLoss loss, int[] columns) {
    for (int k = 0; k < loss.classes(); k++) {
      for (int j = 0; j < columns.length; j++) {
        parameters[k * loss.columns() + columns[j]] = part[k * columns.length + j];
      }
      parameters[loss.classes() * loss.columns() + k] = part[loss.classes() * columns.length + k];
    }
  }

  /** The same number added to all biases changes no probability: the mean 0 is taken among these solutions. */
  private static void centreBiases(double[] parameters, int classes) {
    int first = parameters.length - classes;
    double mean = 0;
    for (int i = first; i < parameters.length; i++) {
      mean += parameters[i] / classes;
    }
    for (int i = first; i < parameters.length; i++) {
      parameters[i] -= mean;
    }
  }
}
