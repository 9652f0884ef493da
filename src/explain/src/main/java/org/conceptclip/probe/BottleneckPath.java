package org.conceptclip.probe;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.conceptclip.util.Parallel;

/**
 * Cross-validation of lambda. Each fold is predicted by a model of the other folds, standardised by their means, for a sequence of lambdas
 * from the one that leaves no weight down; each solution is where the search for the next begins. Chosen is the largest lambda whose held-out loss
 * is within one standard error of the smallest (Breiman et al., "Classification and Regression Trees", 1984): the fewest concepts that are
 * not measurably worse than the best.
 *
 * @param points from the largest lambda down
 * @param best index of the smallest held-out loss
 * @param chosen index of the chosen lambda
 */
public record BottleneckPath(List<Point> points, int best, int chosen) {
  private static final int STEPS = 25;
  private static final double SMALLEST = 1e-3;
  private static final double TOLERANCE = 1e-5;

  /**
   * A lambda.
   *
   * @param loss mean cross-entropy of held-out items
   * @param standardError of the loss, from the differences between folds
   * @param accuracy share of held-out items whose most probable class is right
   * @param concepts concepts with a weight in the model of all items
   */
  public record Point(double lambda, double loss, double standardError, double accuracy, int concepts) {}

  public BottleneckPath {
    points = List.copyOf(points);
  }

  /** Lambdas from the largest one that matters down, evenly on a logarithmic scale. */
  static double[] lambdas(double largest) {
    return IntStream.range(0, STEPS).mapToDouble(i -> largest * Math.pow(SMALLEST, i / (STEPS - 1.0))).toArray();
  }

  static BottleneckPath of(double[][] similarities, int[] y, int classes, BottleneckPenalty penalty, BottleneckFolds folds) {
    int[] all = IntStream.range(0, y.length).toArray();
    BottleneckLoss loss = loss(similarities, y, all, BottleneckScale.of(similarities, all), classes);
    double[] lambdas = lambdas(BottleneckSolver.largestLambda(loss, penalty, y, new double[loss.size()]));
    // The last task is the model of all items, which takes the longest and is begun first.
    List<double[][]> results = Parallel.map(folds.count() + 1, task -> task == 0
        ? concepts(loss, y, penalty, lambdas)
        : heldOut(similarities, y, classes, penalty, lambdas, folds, task - 1));
    List<Point> points = new ArrayList<>();
    for (int l = 0; l < lambdas.length; l++) {
      points.add(point(lambdas[l], l, results, folds));
    }
    int best = IntStream.range(0, points.size()).reduce(0, (a, b) -> points.get(b).loss() < points.get(a).loss() ? b : a);
    double limit = points.get(best).loss() + points.get(best).standardError();
    int chosen = IntStream.range(0, points.size()).filter(i -> points.get(i).loss() <= limit).findFirst().orElse(best);
    return new BottleneckPath(points, best, chosen);
  }

  private static Point point(double lambda, int l, List<double[][]> results, BottleneckFolds folds) {
    double items = 0;
    double loss = 0;
    double accuracy = 0;
    for (int fold = 0; fold < folds.count(); fold++) {
      double[] held = results.get(fold + 1)[l];
      items += held[2];
      loss += held[0] * held[2];
      accuracy += held[1] * held[2];
    }
    double mean = loss / items;
    double square = 0;
    for (int fold = 0; fold < folds.count(); fold++) {
      double[] held = results.get(fold + 1)[l];
      square += held[2] / items * (held[0] - mean) * (held[0] - mean);
    }
    return new Point(lambda, mean, Math.sqrt(square / (folds.count() - 1)), accuracy / items, (int) results.getFirst()[l][0]);
  }

  /** Loss, accuracy and number of the items of a fold, by lambda. */
  private static double[][] heldOut(double[][] similarities, int[] y, int classes, BottleneckPenalty penalty, double[] lambdas,
      BottleneckFolds folds, int fold) {
    int[] rest = folds.outside(fold);
    int[] held = folds.inside(fold);
    BottleneckScale scale = BottleneckScale.of(similarities, rest);
    BottleneckLoss loss = loss(similarities, y, rest, scale, classes);
    BottleneckLoss test = loss(similarities, y, held, scale, classes);
    double[][] results = new double[lambdas.length][];
    double[] parameters = new double[loss.size()];
    BottleneckSolver.largestLambda(loss, penalty, BottleneckTraining.at(y, rest), parameters);
    for (int l = 0; l < lambdas.length; l++) {
      parameters = new BottleneckSolver(penalty, lambdas[l], TOLERANCE).solve(loss, parameters).parameters();
      double[] figures = test.lossAndAccuracy(parameters);
      results[l] = new double[] {figures[0], figures[1], held.length};
    }
    return results;
  }

  /** Number of concepts with a weight, by lambda. */
  private static double[][] concepts(BottleneckLoss loss, int[] y, BottleneckPenalty penalty, double[] lambdas) {
    double[][] results = new double[lambdas.length][];
    double[] parameters = new double[loss.size()];
    BottleneckSolver.largestLambda(loss, penalty, y, parameters);
    for (int l = 0; l < lambdas.length; l++) {
      parameters = new BottleneckSolver(penalty, lambdas[l], TOLERANCE).solve(loss, parameters).parameters();
      double[] found = parameters;
      results[l] = new double[] {IntStream.range(0, loss.columns()).filter(j -> isUsed(found, loss, j)).count()};
    }
    return results;
  }

  private static boolean isUsed(double[] parameters, BottleneckLoss loss, int concept) {
    return IntStream.range(0, loss.classes()).anyMatch(k -> parameters[k * loss.columns() + concept] != 0);
  }

  static BottleneckLoss loss(double[][] similarities, int[] y, int[] rows, BottleneckScale scale, int classes) {
    return new BottleneckLoss(scale.standardised(similarities, rows), BottleneckTraining.at(y, rows), similarities[0].length, classes);
  }
}
