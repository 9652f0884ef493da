package org.conceptclip.evaluate;

import java.util.Arrays;

/**
 * A temperature that makes probabilities honest, fitted on a validation split: T &gt; 1 softens them, T &lt; 1 sharpens them. Of one class
 * an item the new probabilities are softmax(log p / T), of several labels sigmoid(logit(p) / T). Logarithms are taken of probabilities no
 * smaller than {@link Double#MIN_NORMAL}, 2^-1022, so that 0 and 1 have finite ones. Source: Guo et al. 2017, "On Calibration of Modern
 * Neural Networks".
 *
 * <p>T minimises the negative log-likelihood. That is convex in 1/T, so its minimum is where its derivative changes sign, and bisection
 * finds it in log T, from {@link #COLDEST} to {@link #HOTTEST}. Where the likelihood falls all the way to an end (every item is right, so
 * that more confidence is always better; or guessing would be better), T is that end. Where it does not change at T = 1, because every
 * item is right with the confidence 1 but for roundings, T is 1.
 *
 * @param temperature T
 * @param atLimit whether T is an end of its range, and so says nothing but that
 * @param nllBefore mean negative log-likelihood (natural) of the true classes with T = 1; of several labels, mean over items and labels
 * @param nllAfter with T; at most {@code nllBefore} but for rounding
 * @param eceBefore {@link ClassificationReport#ece} of the probabilities as they were
 * @param eceAfter of the scaled ones; may be larger, for T does not minimise it
 */
public record TemperatureScaling(
    double temperature, boolean atLimit, double nllBefore, double nllAfter, double eceBefore, double eceAfter) {
  /** The smallest T. */
  public static final double COLDEST = 0.01;
  /** The largest T. */
  public static final double HOTTEST = 100;

  /** Halvings of the 9.2 wide range of log T until it is as narrow as the roundings of T. */
  private static final int HALVINGS = 56;
  /** A slope of the mean log-likelihood that is roundings and nothing else. */
  private static final double FLAT = 1e-15;

  /**
   * Fits T.
   *
   * @param validation items that take no part in the evaluation of what is scaled
   * @throws org.conceptclip.tensor.BadInputException as {@link Evaluation#report} does
   */
  public static TemperatureScaling fit(Scores validation) {
    ScoreChecks.check(validation);
    Likelihood likelihood = new Likelihood(validation);
    double temperature = minimum(likelihood);
    int[] once = Resampling.once(validation.items());
    return new TemperatureScaling(temperature, temperature == COLDEST || temperature == HOTTEST,
        likelihood.negative(1), likelihood.negative(1 / temperature),
        Calibration.of(validation).error(once), Calibration.of(scale(validation, temperature)).error(once));
  }

  private static double minimum(Likelihood likelihood) {
    double slope = likelihood.slope(1);
    if (Math.abs(slope) <= FLAT) {
      return 1;
    }
    double limit = slope < 0 ? COLDEST : HOTTEST;
    if (Math.signum(likelihood.slope(1 / limit)) == Math.signum(slope)) {
      return limit;
    }
    double inside = 0; // of log T; the slope there has the sign that it has at 0
    double outside = Math.log(limit);
    for (int i = 0; i < HALVINGS; i++) {
      double middle = (inside + outside) / 2;
      if (Math.signum(likelihood.slope(Math.exp(-middle))) == Math.signum(slope)) {
        inside = middle;
      } else {
        outside = middle;
      }
    }
    return Math.exp((inside + outside) / 2);
  }

  /** New scores of the same items. The order of an item's probabilities stays, but for ones that rounding makes equal. */
  public Scores apply(Scores scores) {
    ScoreChecks.check(scores);
    return scale(scores, temperature);
  }

  private static Scores scale(Scores scores, double temperature) {
    return switch (scores) {
      case Scores.MultiClass one -> new Scores.MultiClass(one.labels(), one.truth(),
          Arrays.stream(one.scores()).map(row -> softmax(logarithms(row), 1 / temperature)).toArray(double[][]::new));
      case Scores.MultiLabel several -> new Scores.MultiLabel(several.labels(), several.truth(),
          Arrays.stream(several.scores()).map(row ->
              Arrays.stream(row).map(p -> sigmoid(logit(p) / temperature)).toArray()).toArray(double[][]::new));
    };
  }

  private static double[] logarithms(double[] probabilities) {
    return Arrays.stream(probabilities).map(p -> Math.log(Math.max(p, Double.MIN_NORMAL))).toArray();
  }

  private static double logit(double p) {
    return Math.log(Math.max(p, Double.MIN_NORMAL)) - (p == 1 ? Math.log(Double.MIN_NORMAL) : Math.log1p(-p));
  }

  private static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  }

  private static double[] softmax(double[] logits, double factor) {
    double highest = Arrays.stream(logits).max().orElseThrow();
    double[] result = new double[logits.length];
    double sum = 0;
    for (int c = 0; c < result.length; c++) {
      result[c] = Math.exp(factor * (logits[c] - highest));
      sum += result[c];
    }
    for (int c = 0; c < result.length; c++) {
      result[c] /= sum;
    }
    return result;
  }

  /** The mean negative log-likelihood as a function of 1 / T, and its slope. */
  private static final class Likelihood {
    private final Scores scores;
    private final double[][] logits;

    Likelihood(Scores scores) {
      this.scores = scores;
      logits = switch (scores) {
        case Scores.MultiClass one -> Arrays.stream(one.scores()).map(TemperatureScaling::logarithms).toArray(double[][]::new);
        case Scores.MultiLabel several -> Arrays.stream(several.scores()).map(row ->
            Arrays.stream(row).map(TemperatureScaling::logit).toArray()).toArray(double[][]::new);
      };
    }

    double negative(double factor) {
      double sum = 0;
      for (int i = 0; i < logits.length; i++) {
        switch (scores) {
          case Scores.MultiClass one -> sum += ofClass(logits[i], one.truth()[i], factor);
          case Scores.MultiLabel several -> sum += ofLabels(logits[i], several.truth()[i], factor);
        }
      }
      return sum / logits.length;
    }

    double slope(double factor) {
      double sum = 0;
      for (int i = 0; i < logits.length; i++) {
        switch (scores) {
          case Scores.MultiClass one -> sum += slopeOfClass(logits[i], one.truth()[i], factor);
          case Scores.MultiLabel several -> sum += slopeOfLabels(logits[i], several.truth()[i], factor);
        }
      }
      return sum / logits.length;
    }

    private static double ofClass(double[] logits, int truth, double factor) {
      double highest = Arrays.stream(logits).max().orElseThrow();
      double sum = 0;
      for (double logit : logits) {
        sum += Math.exp(factor * (logit - highest));
      }
      return Math.log(sum) - factor * (logits[truth] - highest);
    }

    private static double slopeOfClass(double[] logits, int truth, double factor) {
      double[] probabilities = softmax(logits, factor);
      double expected = 0;
      for (int c = 0; c < logits.length; c++) {
        expected += probabilities[c] * (logits[c] - logits[truth]);
      }
      return expected;
    }

    private static double ofLabels(double[] logits, boolean[] truth, double factor) {
      double sum = 0;
      for (int c = 0; c < logits.length; c++) {
        double ofTruth = factor * (truth[c] ? logits[c] : -logits[c]);
        sum += Math.max(-ofTruth, 0) + Math.log1p(Math.exp(-Math.abs(ofTruth)));
      }
      return sum / logits.length;
    }

    private static double slopeOfLabels(double[] logits, boolean[] truth, double factor) {
      double sum = 0;
      for (int c = 0; c < logits.length; c++) {
        sum += truth[c] ? -logits[c] * sigmoid(-factor * logits[c]) : logits[c] * sigmoid(factor * logits[c]);
      }
      return sum / logits.length;
    }
  }
}
