package org.conceptclip.probe;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Trains the layer of a concept bottleneck: which concepts speak for which class.
 *
 * @param penalty what keeps the weights few
 * @param lambda strength of the penalty, above 0; empty: chosen by cross-validation, see {@link BottleneckPath}
 * @param folds of the cross-validation, at least 2
 * @param seed decides which item is in which fold
 */
public record BottleneckTraining(BottleneckPenalty penalty, Optional<Double> lambda, int folds, long seed) {
  private static final double TOLERANCE = 1e-9;
  private static final int LONGEST = 60;

  /**
   * What training found.
   *
   * @param layer the weights
   * @param path the cross-validation; empty if lambda was given
   * @param accuracy share of the training items whose most probable class is right
   */
  public record Result(BottleneckLayer layer, double lambda, Optional<BottleneckPath> path, double accuracy) {}

  public BottleneckTraining {
    if (folds < 2) {
      throw new IllegalArgumentException(folds + " folds, expected at least 2");
    }
    if (lambda.isPresent() && !(lambda.get() > 0 && lambda.get() < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("lambda " + lambda.get() + ", expected a number above 0");
    }
  }

  /**
   * Trains.
   *
   * @param similarities of images and concepts [N][M]
   * @param y classes of the images [N], 0 to the number of classes less 1, each at least once
   * @param notices receives a line if the search ended before it was as exact as it should be
   * @param step runs after each lambda of the cross-validation, of at most {@link BottleneckPath#STEPS}
   * @throws BadInputException if there are fewer than two classes, a class has no item, a number is NaN or infinite, or no class has two
   *     items for the cross-validation
   */
  public Result train(double[][] similarities, int[] y, List<String> classes, List<String> concepts, Consumer<String> notices,
      Runnable step) {
    check(similarities, y, classes, concepts);
    int[] all = IntStream.range(0, y.length).toArray();
    BottleneckScale scale = BottleneckScale.of(similarities, all);
    BottleneckLoss loss = BottleneckPath.loss(similarities, y, all, scale, classes.size());
    double[] start = new double[loss.size()];
    double largest = BottleneckSolver.largestLambda(loss, penalty, y, start);
    if (largest == 0) {
      throw new BadInputException("similarities: those of every concept are the same in all classes, expected concepts that differ");
    }
    Optional<BottleneckPath> path = lambda.isPresent() ? Optional.empty() : Optional.of(path(similarities, y, classes, step));
    double chosen = lambda.orElseGet(() -> path.get().points().get(path.get().chosen()).lambda());
    if (chosen >= largest) {
      notices.accept("lambda " + chosen + " leaves no concept; here it has to be below " + largest);
    }
    // From few weights to more: far from its start the search would wander through solutions with many.
    for (double larger = largest / 2; larger > 2 * chosen; larger /= 2) {
      start = new BottleneckSolver(penalty, larger, 1e-4).solve(loss, start).parameters();
    }
    BottleneckSolver.Solution solution = new BottleneckSolver(penalty, chosen, TOLERANCE).solve(loss, start);
    if (solution.residual() > TOLERANCE) {
      notices.accept("the search for weights ended before they were exact: the conditions of optimality are missed by "
          + solution.residual() + ", expected at most " + TOLERANCE);
    }
    return new Result(layer(solution.parameters(), scale, classes, concepts), chosen, path, loss.lossAndAccuracy(solution.parameters())[1]);
  }

  private BottleneckPath path(double[][] similarities, int[] y, List<String> classes, Runnable step) {
    int[] counts = counts(y, classes.size());
    int most = Arrays.stream(counts).max().orElse(0);
    if (most < 2) {
      throw new BadInputException("cross-validation: every class has one item, expected a class with two or more (or a fixed lambda)");
    }
    int held = Arrays.stream(counts).filter(count -> count > 1).sum();
    return BottleneckPath.of(similarities, y, classes.size(), penalty,
        BottleneckFolds.stratified(y, classes.size(), Math.min(folds, held), seed), step);
  }

  private static BottleneckLayer layer(double[] parameters, BottleneckScale scale, List<String> classes, List<String> concepts) {
    double[][] weights = Rows.split(parameters, classes.size(), concepts.size());
    double[] bias = Arrays.copyOfRange(parameters, classes.size() * concepts.size(), parameters.length);
    return new BottleneckLayer(classes, concepts, weights, bias, scale.means(), scale.deviations());
  }

  private static void check(double[][] similarities, int[] y, List<String> classes, List<String> concepts) {
    if (similarities.length != y.length) {
      throw new BadInputException("training: " + similarities.length + " rows of similarities and " + y.length
          + " labels, expected as many");
    }
    if (classes.size() < 2) {
      throw new BadInputException("labels: " + (classes.isEmpty() ? "none" : "all " + y.length + " items are "
          + OneLine.quoted(classes.getFirst(), LONGEST)) + ", expected at least two classes");
    }
    int[] counts = counts(y, classes.size());
    for (int k = 0; k < counts.length; k++) {
      if (counts[k] == 0) {
        throw new BadInputException("class " + OneLine.quoted(classes.get(k), LONGEST) + " has no item, expected at least one");
      }
    }
    for (int i = 0; i < similarities.length; i++) {
      if (similarities[i].length != concepts.size()) {
        throw new BadInputException("similarities: row " + i + " has " + similarities[i].length + " numbers, expected "
            + concepts.size() + ", one for each concept");
      }
      for (int j = 0; j < concepts.size(); j++) {
        if (!Double.isFinite(similarities[i][j])) {
          throw new BadInputException("similarities: row " + i + ", concept " + OneLine.quoted(concepts.get(j), LONGEST) + ": "
              + similarities[i][j] + ", expected a finite number");
        }
      }
    }
  }

  private static int[] counts(int[] y, int classes) {
    int[] counts = new int[classes];
    for (int k : y) {
      counts[k]++;
    }
    return counts;
  }

  /** The classes of these items. */
  static int[] at(int[] y, int[] rows) {
    return Arrays.stream(rows).map(row -> y[row]).toArray();
  }
}
