package org.conceptclip.probe;

import java.util.Arrays;
import org.conceptclip.tensor.BadInputException;

/**
 * Logistic regression with an L2 penalty, fitted by L-BFGS from an estimate of the second derivatives: scikit-learn's {@code
 * LogisticRegression} with its solver lbfgs, which is what the official linear probing of ConceptCLIP calls (C = 0.316).
 *
 * <p>It minimises {@code F(W, b) = sum over items of w(y) NLL(y, W x + b) + |W|^2 / (2 C)}; the intercepts b are not penalised. The weight
 * of a class w is 1, or (balanced) {@code items / (classes * items of the class)}. With two classes there is one row of weights. With
 * more, a constant could be added to all intercepts: their sum is kept 0, as scikit-learn's is.
 *
 * <p>The search ends where no element of the gradient of {@code F / sum of w} (the mean over the items) is larger than the tolerance, as
 * scikit-learn since 1.5 measures it; versions before compare the gradient of F itself, and both end earlier where F hardly decreases any
 * more, which this does not.
 */
public final class LogisticRegression {
  /**
   * How to fit.
   *
   * @param c inverse strength of the penalty, larger than 0
   * @param balanced whether classes weigh the same
   * @param tolerance largest element of the mean gradient at the end
   */
  public record Options(double c, boolean balanced, double tolerance, int maxIterations) {
    /** The official probing's: C = 0.316, at most 1000 iterations. The tolerance is tighter, see docs/probes.md. */
    public static final Options OFFICIAL = new Options(0.316, false, 1e-8, 1000);

    public Options {
      if (!(c > 0 && Double.isFinite(c)) || !(tolerance > 0) || maxIterations < 1) {
        throw new IllegalArgumentException(
            "C " + c + ", tolerance " + tolerance + ", iterations " + maxIterations + ", expected more than 0");
      }
    }

    /** These options with another C. */
    public Options withC(double other) {
      return new Options(other, balanced, tolerance, maxIterations);
    }

    /** These options with another tolerance. */
    public Options withTolerance(double other) {
      return new Options(c, balanced, other, maxIterations);
    }
  }

  /**
   * A fitted model.
   *
   * @param weights [1 or classes][features]
   * @param intercepts [1 or classes]
   * @param objective F
   * @param gradient largest absolute element of the gradient of the mean of F
   * @param evaluations how often the features were read
   * @param converged whether the tolerance was reached
   */
  public record Fit(double[][] weights, double[] intercepts, double objective, double gradient, int iterations, int evaluations,
      boolean converged) {}

  private final LinearScores scores;
  private final int[] labels;
  private final int classes;
  private final FeatureScale scaleOrNull;

  /**
   * @param labels class of each row of the features, from 0 to {@code classes - 1}
   * @param scaleOrNull standardises the features, whose weights are then those of standardised features
   * @throws BadInputException if there are fewer than two classes, or a class has no item
   */
  public LogisticRegression(FeatureRows features, int[] labels, int classes, FeatureScale scaleOrNull) {
    if (labels.length != features.rows()) {
      throw new BadInputException(features.rows() + " rows of features and " + labels.length + " labels, expected as many");
    }
    int[] counts = new int[classes];
    for (int label : labels) {
      counts[label]++;
    }
    if (classes < 2 || Arrays.stream(counts).anyMatch(count -> count == 0)) {
      throw new BadInputException(Arrays.stream(counts).filter(count -> count > 0).count() + " classes with items of " + classes
          + ", expected items of at least two classes, and of every class");
    }
    this.scores = new LinearScores(features, ClassLoss.outputs(classes));
    this.labels = labels.clone();
    this.classes = classes;
    this.scaleOrNull = scaleOrNull;
  }

  /** Fits from weights of zero. */
  public Fit fit(Options options) {
    return fit(options, null);
  }

  /**
   * Fits from where another fit ended, for example one with a smaller C.
   *
   * @param startOrNull null to begin with zeros
   */
  public Fit fit(Options options, Fit startOrNull) {
    double[] weightOfClass = weightsOfClasses(options.balanced);
    double total = 0;
    for (int label : labels) {
      total += weightOfClass[label];
    }
    LogisticObjective objective =
        new LogisticObjective(scores, new ClassLoss(labels, weightOfClass), scaleOrNull, total, 1 / (options.c * total));
    HessianEstimate estimateOrNull = HessianEstimate.orNull(
        scores.features(), scores.outputs(), labels, weightOfClass, scaleOrNull, 1 / (options.c * total));
    Lbfgs.Minimum found =
        Lbfgs.minimise(objective, objective.point(startOrNull), options.tolerance, options.maxIterations, estimateOrNull);
    return objective.fit(found);
  }

  private double[] weightsOfClasses(boolean balanced) {
    double[] weights = new double[classes];
    if (!balanced) {
      Arrays.fill(weights, 1);
      return weights;
    }
    for (int label : labels) {
      weights[label]++;
    }
    for (int k = 0; k < classes; k++) {
      weights[k] = labels.length / (classes * weights[k]);
    }
    return weights;
  }
}
