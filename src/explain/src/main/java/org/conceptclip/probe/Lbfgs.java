package org.conceptclip.probe;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;

/**
 * L-BFGS: minimises a smooth function of many variables, from its values and gradients.
 *
 * <p>Sources: J. Nocedal and S. Wright, Numerical Optimization, 2nd edition, 2006: algorithm 7.4 (two-loop recursion), 7.5, and 3.5 and 3.6
 * (line search for the strong Wolfe conditions, by cubic interpolation). Near the minimum, where differences of values are lost in
 * rounding, W. Hager and H. Zhang's approximate Wolfe condition takes the place of the first one (SIAM Journal on Optimization 16, 2005,
 * equation 23), which needs slopes only.
 */
final class Lbfgs {
  private static final int MEMORY = 10;
  private static final double DECREASE = 1e-4;
  private static final double CURVATURE = 0.9;
  /** Differences of values below this, relative to the value, are rounding: sums of this many terms keep that much. */
  private static final double ROUNDING = 1e-13;
  private static final int MOST_STEPS = 30;
  /** Iterations before which second derivatives are estimated: at the start, and where the search has left it behind. */
  private static final Set<Integer> REFRESHED = Set.of(0, 8, 24, 72);

  /** A function of many variables. */
  interface Objective {
    /** The value at a point. Writes the gradient there. */
    double at(double[] point, double[] gradient);
  }

  /** Multiplies by an estimate of the inverse of the second derivatives, in place; it must be symmetric and positive definite. */
  interface InverseHessian {
    /** Estimates at this point from now on. Called before the first iteration and after a few others. */
    void refresh(double[] point);

    void multiply(double[] vector);
  }

  /** How the search ended. */
  enum End { CONVERGED, ITERATIONS, NO_PROGRESS }

  /**
   * A minimum, or the best point that was found.
   *
   * @param gradient largest absolute element of the gradient there
   */
  record Minimum(double[] point, double value, double gradient, int iterations, int evaluations, End end) {}

  /** A point on the line of a search: its step, value, and derivative along the line. */
  private record Trial(double step, double value, double slope, double[] point, double[] gradient) {}

  /** A step that was taken, and the change of the gradient over it. */
  private record Pair(double[] step, double[] change, double product) {}

  private final Objective objective;
  private final InverseHessian inverseOrNull;
  private final Deque<Pair> pairs = new ArrayDeque<>();
  private int evaluations;

  private Lbfgs(Objective objective, InverseHessian inverseOrNull) {
    this.objective = objective;
    this.inverseOrNull = inverseOrNull;
  }

  /**
   * Searches for a minimum.
   *
   * @param start is not changed
   * @param tolerance the search ends where no element of the gradient is larger
   * @param inverseOrNull second derivatives at the start, as far as they are known: fewer iterations
   */
  static Minimum minimise(Objective objective, double[] start, double tolerance, int maxIterations, InverseHessian inverseOrNull) {
    return new Lbfgs(objective, inverseOrNull).search(start, tolerance, maxIterations);
  }

  private Minimum search(double[] start, double tolerance, int maxIterations) {
    double[] gradient = new double[start.length];
    double value = objective.at(start, gradient);
    evaluations = 1;
    Trial now = new Trial(0, value, 0, start.clone(), gradient);
    int iterations = 0;
    while (largest(now.gradient) > tolerance) {
      if (iterations == maxIterations) {
        return minimum(now, iterations, End.ITERATIONS);
      }
      if (inverseOrNull != null && REFRESHED.contains(iterations)) {
        inverseOrNull.refresh(now.point);
      }
      Trial next = step(now);
      if (next == null && !pairs.isEmpty()) {
        // Old steps may describe another region: once more from the gradient alone.
        pairs.clear();
        next = step(now);
      }
      if (next == null) {
        return minimum(now, iterations, End.NO_PROGRESS);
      }
      remember(now, next);
      now = next;
      iterations++;
    }
    return minimum(now, iterations, End.CONVERGED);
  }

  private Minimum minimum(Trial last, int iterations, End end) {
    return new Minimum(last.point, last.value, largest(last.gradient), iterations, evaluations, end);
  }

  private Trial step(Trial now) {
    double[] direction = direction(now.gradient);
    double slope = dot(direction, now.gradient);
    if (!(slope < 0)) {
      return null;
    }
    // The first step has no scale unless second derivatives were given.
    double first = pairs.isEmpty() && inverseOrNull == null ? Math.min(1, 1 / Math.sqrt(dot(now.gradient, now.gradient))) : 1;
    return lineSearch(new Trial(0, now.value, slope, now.point, now.gradient), direction, first);
  }

  private void remember(Trial from, Trial to) {
    double[] step = difference(to.point, from.point);
    double[] change = difference(to.gradient, from.gradient);
    double product = dot(step, change);
    if (product > 1e-14 * Math.sqrt(dot(step, step) * dot(change, change))) {
      pairs.addLast(new Pair(step, change, product));
      if (pairs.size() > MEMORY) {
        pairs.removeFirst();
      }
    }
  }

  /** The two-loop recursion: minus the estimated inverse of the second derivatives times the gradient. */
  private double[] direction(double[] gradient) {
    double[] q = gradient.clone();
    List<Pair> kept = new ArrayList<>(pairs);
    double[] alpha = new double[kept.size()];
    for (int i = kept.size() - 1; i >= 0; i--) {
      Pair pair = kept.get(i);
      alpha[i] = dot(pair.step, q) / pair.product;
      add(-alpha[i], pair.change, q);
    }
    scale(q);
    for (int i = 0; i < kept.size(); i++) {
      Pair pair = kept.get(i);
      add(alpha[i] - dot(pair.change, q) / pair.product, pair.step, q);
    }
    for (int i = 0; i < q.length; i++) {
      q[i] = -q[i];
    }
    return q;
  }

  /** Applies the first estimate, scaled so that it fits the last step. */
  private void scale(double[] q) {
    double factor = 1;
    if (inverseOrNull != null) {
      if (!pairs.isEmpty()) {
        double[] change = pairs.getLast().change.clone();
        inverseOrNull.multiply(change);
        factor = pairs.getLast().product / dot(pairs.getLast().change, change);
      }
      inverseOrNull.multiply(q);
    } else if (!pairs.isEmpty()) {
      factor = pairs.getLast().product / dot(pairs.getLast().change, pairs.getLast().change);
    }
    for (int i = 0; i < q.length; i++) {
      q[i] *= factor;
    }
  }

  /** A step that satisfies the Wolfe conditions; else the best one that decreases the value; null if there is none. */
  private Trial lineSearch(Trial start, double[] direction, double first) {
    Trial low = start;
    Trial high = null;
    double step = first;
    for (int i = 0; i < MOST_STEPS; i++) {
      Trial trial = trial(start, direction, step);
      if (isLowEnough(start, trial) && Math.abs(trial.slope) <= -CURVATURE * start.slope) {
        return trial;
      }
      if (!isLowEnough(start, trial) || (low != start && trial.value >= low.value && trial.slope >= 0)) {
        high = trial;
      } else {
        if (high != null && trial.slope * (high.step - low.step) >= 0 || high == null && trial.slope >= 0) {
          high = low;
        }
        low = trial;
      }
      if (high == null) {
        step = 4 * step;
        continue;
      }
      if (Math.abs(high.step - low.step) <= 1e-12 * Math.max(high.step, low.step)) {
        break;
      }
      step = between(low, high);
    }
    return low == start ? null : low;
  }

  /** Armijo's condition, or the approximate one where values are equal up to rounding. */
  private static boolean isLowEnough(Trial start, Trial trial) {
    if (!Double.isFinite(trial.value)) {
      return false;
    }
    return trial.value <= start.value + DECREASE * trial.step * start.slope
        || trial.value <= start.value + ROUNDING * Math.abs(start.value) && trial.slope <= (2 * DECREASE - 1) * start.slope;
  }

  private Trial trial(Trial start, double[] direction, double step) {
    double[] point = start.point.clone();
    add(step, direction, point);
    double[] gradient = new double[point.length];
    double value = objective.at(point, gradient);
    evaluations++;
    return new Trial(step, value, dot(gradient, direction), point, gradient);
  }

  /** The minimum of the cubic through both ends (Nocedal and Wright, 3.59), kept away from them; the middle if there is none. */
  private static double between(Trial low, Trial high) {
    double width = high.step - low.step;
    double middle = low.step + width / 2;
    if (!Double.isFinite(high.value) || !Double.isFinite(high.slope)) {
      return low.step + width / 10;
    }
    double d1 = low.slope + high.slope - 3 * (low.value - high.value) / (low.step - high.step);
    double root = d1 * d1 - low.slope * high.slope;
    if (!(root >= 0)) {
      return middle;
    }
    double d2 = Math.signum(width) * Math.sqrt(root);
    double step = high.step - width * (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2);
    double least = Math.min(low.step, high.step) + 0.1 * Math.abs(width);
    double most = Math.max(low.step, high.step) - 0.1 * Math.abs(width);
    return Double.isFinite(step) ? Math.clamp(step, least, most) : middle;
  }

  static double largest(double[] vector) {
    double largest = 0;
    for (double element : vector) {
      largest = Math.max(largest, Math.abs(element));
    }
    return largest;
  }

  static double dot(double[] one, double[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += one[i] * other[i];
    }
    return sum;
  }

  private static void add(double factor, double[] from, double[] to) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * from[i];
    }
  }

  private static double[] difference(double[] one, double[] other) {
    double[] difference = new double[one.length];
    for (int i = 0; i < one.length; i++) {
      difference[i] = one[i] - other[i];
    }
    return difference;
  }
}
