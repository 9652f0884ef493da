package org.conceptclip.probe;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.conceptclip.util.Parallel;

/**
 * Cross-validation of lambda. Each fold is predicted by a model of the other folds, standardised by their means, for a sequence of lambdas
 * from the one that leaves no weight down; each solution is where the search for the next begins. The sequence ends early when the
 * held-out loss has been above its smallest value for {@value #PATIENCE} lambdas. Chosen is the largest lambda whose held-out loss is
 * within one standard error of the smallest (Breiman et al., "Classification and Regression Trees", 1984): the fewest concepts that are
 * not measurably worse than the best.
 *
 * @param points from the largest lambda down
 * @param best index of the smallest held-out loss
 * @param chosen index of the chosen lambda
 */
public record BottleneckPath(List<Point> points, int best, int chosen) {
  /** Most lambdas of a path. */
  public static final int STEPS = 25;
  private static final double SMALLEST = 1e-3;
  private static final double TOLERANCE = 1e-5;
  private static final int PATIENCE = 4;

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

  static BottleneckPath of(double[][] similarities, int[] y, int classes, BottleneckPenalty penalty, BottleneckFolds folds,
      Runnable step) {
    int[] all = IntStream.range(0, y.length).toArray();
    Model whole = Model.of(similarities, y, classes, penalty, all, all);
    double[] lambdas = lambdas(whole.largest);
    List<Model> models = new ArrayList<>(List.of(whole));
    for (int fold = 0; fold < folds.count(); fold++) {
      models.add(Model.of(similarities, y, classes, penalty, folds.outside(fold), folds.inside(fold)));
    }
    List<Point> points = new ArrayList<>();
    int best = 0;
    for (int l = 0; l < lambdas.length && l - best <= PATIENCE; l++) {
      double lambda = lambdas[l];
      List<double[]> figures = Parallel.map(models.size(), m -> models.get(m).next(lambda));
      points.add(point(lambda, figures.subList(1, figures.size()), whole.concepts()));
      best = points.get(l).loss() < points.get(best).loss() ? l : best;
      step.run();
    }
    double limit = points.get(best).loss() + points.get(best).standardError();
    int chosen = IntStream.range(0, points.size()).filter(i -> points.get(i).loss() <= limit).findFirst().orElse(best);
    return new BottleneckPath(points, best, chosen);
  }

  /** @param figures of the folds: loss, accuracy and number of their held-out items */
  private static Point point(double lambda, List<double[]> figures, int concepts) {
    double items = 0;
    double loss = 0;
    double accuracy = 0;
    for (double[] fold : figures) {
      items += fold[2];
      loss += fold[0] * fold[2];
      accuracy += fold[1] * fold[2];
    }
    double mean = loss / items;
    double square = 0;
    for (double[] fold : figures) {
      square += fold[2] / items * (fold[0] - mean) * (fold[0] - mean);
    }
    return new Point(lambda, mean, Math.sqrt(square / (figures.size() - 1)), accuracy / items, concepts);
  }

  /** A model of some items on its way from lambda to lambda, and the items that it is tried on. */
  private static final class Model {
    private final BottleneckPenalty penalty;
    private final BottleneckLoss loss;
    private final BottleneckLoss test;
    private final int items;
    private final double largest;
    private double[] parameters;

    private Model(BottleneckPenalty penalty, BottleneckLoss loss, BottleneckLoss test, int[] y, int items) {
      this.penalty = penalty;
      this.loss = loss;
      this.test = test;
      this.items = items;
      this.parameters = new double[loss.size()];
      this.largest = BottleneckSolver.largestLambda(loss, penalty, y, parameters);
    }

    static Model of(double[][] similarities, int[] y, int classes, BottleneckPenalty penalty, int[] rest, int[] held) {
      BottleneckScale scale = BottleneckScale.of(similarities, rest);
      return new Model(penalty, loss(similarities, y, rest, scale, classes), loss(similarities, y, held, scale, classes),
          BottleneckTraining.at(y, rest), held.length);
    }

    /** Loss, accuracy and number of the items that it is tried on, for the next lambda. */
    double[] next(double lambda) {
      parameters = new BottleneckSolver(penalty, lambda, TOLERANCE).solve(loss, parameters).parameters();
      double[] figures = test.lossAndAccuracy(parameters);
      return new double[] {figures[0], figures[1], items};
    }

    /** Number of concepts with a weight. */
    int concepts() {
      return (int) IntStream.range(0, loss.columns()).filter(j -> isUsed(parameters, loss, j)).count();
    }
  }

  private static boolean isUsed(double[] parameters, BottleneckLoss loss, int concept) {
    return IntStream.range(0, loss.classes()).anyMatch(k -> parameters[k * loss.columns() + concept] != 0);
  }

  static BottleneckLoss loss(double[][] similarities, int[] y, int[] rows, BottleneckScale scale, int classes) {
    return new BottleneckLoss(scale.standardised(similarities, rows), BottleneckTraining.at(y, rows), similarities[0].length, classes);
  }
}
