package org.conceptclip.probe;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Choice of C by stratified cross-validation: each class is dealt to the folds in turn, after a seeded shuffle. In each fold the values of
 * C are fitted in ascending order, each from where the one before ended.
 */
public final class CrossValidation {
  /** What a value of C is chosen by. */
  public enum Score { LOG_LOSS, ACCURACY }

  /**
   * How well one value of C did: means over the folds.
   *
   * @param logLoss mean negative log-likelihood of the items that were held out, in nats; classes are not weighted
   * @param accuracy share of them whose label was the most probable one
   * @param unfinished fits that ended before they converged
   */
  public record Entry(double c, double logLoss, double accuracy, int unfinished) {}

  /**
   * All values, in ascending order, and the best one; of equal ones, the smallest.
   *
   * @param folds number of folds
   */
  public record Result(List<Entry> entries, Entry best, int folds) {}

  /** The values of scikit-learn's {@code LogisticRegressionCV}: ten from 1e-4 to 1e4, in equal steps of their logarithm. */
  public static final List<Double> GRID = IntStream.range(0, 10).mapToObj(i -> Math.pow(10, -4 + 8 * i / 9.0)).toList();

  /** Scores that are compared do not need more. */
  private static final double TOLERANCE = 1e-6;

  private final FeatureRows features;
  private final ClassLabels labels;
  private final boolean standardised;
  private final LogisticRegression.Options options;

  /**
   * @param standardised whether features are standardised, by those of the training part of each fold
   * @param options but for C, and with a tolerance of no less than 1e-6
   */
  public CrossValidation(FeatureRows features, ClassLabels labels, boolean standardised, LogisticRegression.Options options) {
    this.features = features;
    this.labels = labels;
    this.standardised = standardised;
    this.options = options.withTolerance(Math.max(TOLERANCE, options.tolerance()));
  }

  /**
   * Fits and scores every value in every fold.
   *
   * @param grid values of C, larger than 0
   * @param folds 2 or more
   * @throws BadInputException if there are fewer items than folds, or a class has one item only: it could not be held out
   */
  public Result run(List<Double> grid, int folds, int seed, Score score, Runnable afterEachFit) {
    int[] foldOf = folds(folds, seed);
    List<Double> ascending = grid.stream().distinct().sorted().toList();
    double[][] sums = new double[ascending.size()][3];
    for (int fold = 0; fold < folds; fold++) {
      int held = fold;
      int[] train = IntStream.range(0, foldOf.length).filter(item -> foldOf[item] != held).toArray();
      int[] test = IntStream.range(0, foldOf.length).filter(item -> foldOf[item] == held).toArray();
      FeatureRows trained = features.choose(train);
      FeatureScale scaleOrNull = standardised ? FeatureScale.of(trained) : null;
      LogisticRegression regression = new LogisticRegression(trained, chosen(train), labels.names().size(), scaleOrNull);
      LogisticRegression.Fit fit = null;
      for (int i = 0; i < ascending.size(); i++) {
        fit = regression.fit(options.withC(ascending.get(i)), fit);
        double[] losses = losses(fit, scaleOrNull, test);
        sums[i][0] += losses[0] / test.length / folds;
        sums[i][1] += losses[1] / test.length / folds;
        sums[i][2] += fit.converged() ? 0 : 1;
        afterEachFit.run();
      }
    }
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < ascending.size(); i++) {
      entries.add(new Entry(ascending.get(i), sums[i][0], sums[i][1], (int) sums[i][2]));
    }
    Comparator<Entry> better = score == Score.ACCURACY ? Comparator.comparingDouble(entry -> -entry.accuracy())
        : Comparator.comparingDouble(Entry::logLoss);
    return new Result(List.copyOf(entries), entries.stream().min(better.thenComparing(Entry::c)).orElseThrow(), folds);
  }

  /** The log-loss and the number of right answers, summed over items. */
  private double[] losses(LogisticRegression.Fit fit, FeatureScale scaleOrNull, int[] test) {
    double[] ones = new double[labels.names().size()];
    Arrays.fill(ones, 1);
    int[] truth = chosen(test);
    LinearModel model = LinearModel.of(fit, scaleOrNull);
    LinearScores scores = new LinearScores(features.choose(test), model.outputs());
    ClassLoss loss = new ClassLoss(truth, ones);
    double right = scores.scan(model.weights(), model.intercepts(), (first, count, block, stride) -> {
      int found = 0;
      for (int i = 0; i < count; i++) {
        found += model.best(block, i, stride) == truth[first + i] ? 1 : 0;
      }
      return found;
    });
    return new double[] {scores.scan(model.weights(), model.intercepts(), loss), right};
  }

  private int[] chosen(int[] items) {
    return IntStream.of(items).map(item -> labels.classes()[item]).toArray();
  }

  /** The fold of each item. Folds differ in size by one at most, and so do the items of a class in them. */
  private int[] folds(int folds, int seed) {
    int[] classes = labels.classes();
    if (classes.length < folds) {
      throw new BadInputException(classes.length + " items in " + folds + " folds, expected at least as many items as folds (--folds N, or"
          + " --c VALUE for no cross-validation)");
    }
    int[] counts = labels.counts();
    for (int k = 0; k < counts.length; k++) {
      if (counts[k] < 2) {
        throw new BadInputException("class " + OneLine.quoted(labels.names().get(k), 60) + " has " + counts[k] + " item, expected at least"
            + " 2 of each class for cross-validation (--c VALUE does without)");
      }
    }
    int[] foldOf = new int[classes.length];
    int next = 0;
    NumpyShuffle random = new NumpyShuffle(seed);
    for (int k = 0; k < counts.length; k++) {
      int number = k;
      int[] items = IntStream.range(0, classes.length).filter(item -> classes[item] == number).toArray();
      random.shuffle(items);
      for (int item : items) {
        foldOf[item] = next++ % folds;
      }
    }
    return foldOf;
  }
}
