package org.conceptclip.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Whether one run is better than another on the same items. Both are computed on the same resamples, so that what makes an item hard for
 * both does not blur the difference. The resamples are those of {@link Evaluation#report} with the same options.
 */
public final class PairedBootstrap {
  private PairedBootstrap() {}

  /**
   * A difference between two runs.
   *
   * @param first the figure of the first run
   * @param second that of the second
   * @param difference second minus first, with the percentiles of its resamples
   * @param flips share of the resamples whose difference is 0 or has the other sign; 1 where the difference is 0; NaN without bounds
   * @param p two-sided p-value of the bootstrap, min(1, 2 * min(share of differences &lt;= 0, share of differences &gt;= 0)). It is
   *     approximate: it inverts the percentile interval, and cannot be told from 0 below 2 / resamples. NaN without bounds
   */
  public record Difference(double first, double second, Interval difference, double flips, double p) {}

  /**
   * Differences in everything that {@link ClassificationReport} has of a whole set.
   *
   * @param metrics all of {@link Metric}, in their order
   * @param auroc AUROC of each class
   */
  public record Comparison(int items, List<String> labels, Map<Metric, Difference> metrics, List<Difference> auroc) {}

  /**
   * Compares two runs.
   *
   * @throws BadInputException if one of them cannot be evaluated, or their kinds, labels, or what is true of an item differ
   */
  public static Comparison compare(Scores first, Scores second, BootstrapOptions options) {
    ScoreChecks.check(first);
    ScoreChecks.check(second);
    checkSame(first, second);
    Measures a = new Measures(first, List.of(), options.smallestGroup());
    Measures b = new Measures(second, List.of(), options.smallestGroup());
    int[] once = Resampling.once(first.items());
    double[] valuesA = a.figures(once);
    double[] valuesB = b.figures(once);
    double[][] differences = Resampling.run(options, first.items(), a.size(), counts -> minus(b.figures(counts), a.figures(counts)));
    Map<Metric, Difference> metrics = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      int f = metric.ordinal();
      metrics.put(metric, difference(valuesA[f], valuesB[f], differences[f], options));
    }
    List<Difference> auroc = new ArrayList<>();
    for (int label = 0; label < first.labels().size(); label++) {
      int f = a.auroc(label);
      auroc.add(difference(valuesA[f], valuesB[f], differences[f], options));
    }
    return new Comparison(first.items(), first.labels(), Collections.unmodifiableMap(metrics), List.copyOf(auroc));
  }

  /**
   * The difference in any metric.
   *
   * @param items number of items
   * @param first the metric of the first run as a function of how often each item occurs [items]; several threads call it at once; NaN
   *     where it is not defined; must not keep the array
   * @param second that of the second run
   * @throws BadInputException if there is no item
   */
  public static Difference difference(int items, ToDoubleFunction<int[]> first, ToDoubleFunction<int[]> second, BootstrapOptions options) {
    if (items < 1) {
      throw new BadInputException("scores of no item, expected at least one");
    }
    int[] once = Resampling.once(items);
    double[][] differences = Resampling.run(options, items, 1,
        counts -> new double[] {second.applyAsDouble(counts) - first.applyAsDouble(counts)});
    return difference(first.applyAsDouble(once), second.applyAsDouble(once), differences[0], options);
  }

  private static Difference difference(double first, double second, double[] resampled, BootstrapOptions options) {
    double value = second - first;
    Interval interval = Resampling.interval(value, resampled, options.level());
    if (!interval.hasBounds()) {
      return new Difference(first, second, interval, Double.NaN, Double.NaN);
    }
    double[] defined = Arrays.stream(resampled).filter(x -> !Double.isNaN(x)).toArray();
    double atMost = Arrays.stream(defined).filter(x -> x <= 0).count() / (double) defined.length;
    double atLeast = Arrays.stream(defined).filter(x -> x >= 0).count() / (double) defined.length;
    double flips = value == 0 ? 1 : value > 0 ? atMost : atLeast;
    return new Difference(first, second, interval, flips, Math.min(1, 2 * Math.min(atMost, atLeast)));
  }

  private static double[] minus(double[] left, double[] right) {
    double[] result = new double[left.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = left[i] - right[i];
    }
    return result;
  }

  private static void checkSame(Scores first, Scores second) {
    if (first.items() != second.items()) {
      throw new BadInputException("two runs of " + first.items() + " and " + second.items() + " items, expected the same items");
    }
    if (!first.labels().equals(second.labels())) {
      throw new BadInputException("two runs with the labels " + OneLine.of(String.join(", ", first.labels())) + " and "
          + OneLine.of(String.join(", ", second.labels())) + ", expected the same in the same order");
    }
    int different = switch (first) {
      case Scores.MultiClass a when second instanceof Scores.MultiClass b -> Arrays.mismatch(a.truth(), b.truth());
      case Scores.MultiLabel a when second instanceof Scores.MultiLabel b -> Arrays.mismatch(a.truth(), b.truth(), Arrays::compare);
      default -> throw new BadInputException("a run of one label an item and one of several, expected two of a kind");
    };
    if (different >= 0) {
      throw new BadInputException("item " + different + ": what is true of it differs between two runs, expected the same items");
    }
  }
}
