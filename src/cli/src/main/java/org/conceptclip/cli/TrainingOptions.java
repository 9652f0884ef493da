package org.conceptclip.cli;

import java.util.List;
import java.util.stream.IntStream;
import org.conceptclip.probe.ClassLabels;
import org.conceptclip.probe.CrossValidation;
import org.conceptclip.probe.LogisticRegression;
import org.conceptclip.tensor.BadInputException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How a probe is fitted. */
final class TrainingOptions {
  @Option(names = "--c", paramLabel = "VALUE",
      description = "inverse strength of the L2 penalty (the official protocol: 0.316); without it, cross-validation chooses one")
  private Double c;

  @Option(names = "--grid", paramLabel = "C", split = ",",
      description = "values of C for cross-validation (default: ten from 0.0001 to 10000, in equal steps of the logarithm)")
  private List<Double> grid = CrossValidation.GRID;

  @Option(names = "--folds", paramLabel = "N", defaultValue = "5", description = "folds of cross-validation (default: ${DEFAULT-VALUE})")
  private int folds;

  @Option(names = "--choose-by", paramLabel = "SCORE", defaultValue = "log-loss", converter = ScoreConverter.class,
      description = "what C is chosen by: log-loss or accuracy of the items that are held out (default: ${DEFAULT-VALUE})")
  private CrossValidation.Score score;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = "of the folds (default: ${DEFAULT-VALUE})")
  private int seed;

  @Option(names = "--class-weight", paramLabel = "W", defaultValue = "NONE",
      description = "none, or balanced: classes weigh the same, however many items they have (default: none)")
  private ClassWeight classWeight;

  @Option(names = "--fraction", paramLabel = "PERCENT", defaultValue = "100",
      description = "train on this part of the items only, drawn as the official protocol draws its 1 and 10 %% (default:"
          + " ${DEFAULT-VALUE})")
  private double fraction;

  @Option(names = "--standardize", description = "standardise features by their mean and deviation (the official protocol does not)")
  private boolean standardise;

  @Option(names = "--tolerance", paramLabel = "G", defaultValue = "1e-8",
      description = "largest element of the gradient of the mean loss at the end (default: ${DEFAULT-VALUE})")
  private double tolerance;

  @Option(names = "--max-iterations", paramLabel = "N", defaultValue = "1000", description = "of one fit (default: ${DEFAULT-VALUE})")
  private int maxIterations;

  /** Weights of classes. */
  enum ClassWeight { NONE, BALANCED }

  /** Rejects values that make no sense. */
  void check() {
    if (c != null) {
      requirePositive("--c", c);
    }
    if (grid.isEmpty()) {
      throw new UsageException("--grid: expected at least one value of C");
    }
    grid.forEach(value -> requirePositive("--grid", value));
    requirePositive("--tolerance", tolerance);
    if (folds < 2) {
      throw new UsageException("--folds " + folds + ": expected 2 or more");
    }
    if (maxIterations < 1) {
      throw new UsageException("--max-iterations " + maxIterations + ": expected 1 or more");
    }
    if (!(fraction > 0 && fraction <= 100)) {
      throw new UsageException("--fraction " + fraction + ": expected a number of percent above 0 and up to 100");
    }
  }

  private static void requirePositive(String option, double value) {
    if (!(value > 0 && Double.isFinite(value))) {
      throw new UsageException(option + " " + value + ": expected a number larger than 0");
    }
  }

  boolean isCFixed() {
    return c != null;
  }

  /** @param chosenOrNull C by cross-validation */
  LogisticRegression.Options options(Double chosenOrNull) {
    double used = chosenOrNull != null ? chosenOrNull : c != null ? c : grid.getFirst();
    return new LogisticRegression.Options(used, classWeight == ClassWeight.BALANCED, tolerance, maxIterations);
  }

  List<Double> grid() {
    return grid.stream().distinct().toList();
  }

  int folds() {
    return folds;
  }

  CrossValidation.Score score() {
    return score;
  }

  int seed() {
    return seed;
  }

  boolean standardised() {
    return standardise;
  }

  /** For example {@code 10 %}. */
  String fractionText() {
    return (fraction == Math.rint(fraction) ? Integer.toString((int) fraction) : Double.toString(fraction)) + " %";
  }

  /**
   * The items to train on: all in their order, or the official protocol's fraction.
   *
   * @throws BadInputException if the fraction has no item
   */
  int[] fraction(int items) {
    if (fraction == 100) {
      return IntStream.range(0, items).toArray();
    }
    int[] chosen = ClassLabels.fraction(items, fraction);
    if (chosen.length == 0) {
      throw new BadInputException(
          "--fraction: " + fractionText() + " of " + items + " items is none, expected more items or a larger part");
    }
    return chosen;
  }

  /** Scores by their names on the command line. */
  static final class ScoreConverter implements ITypeConverter<CrossValidation.Score> {
    @Override
    public CrossValidation.Score convert(String value) {
      return switch (value) {
        case "log-loss" -> CrossValidation.Score.LOG_LOSS;
        case "accuracy" -> CrossValidation.Score.ACCURACY;
        default -> throw new TypeConversionException("expected log-loss or accuracy but was '" + value + "'");
      };
    }
  }
}
