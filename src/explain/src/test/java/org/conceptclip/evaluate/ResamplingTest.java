package org.conceptclip.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ResamplingTest {
  private static final List<Grouping> GROUPINGS = List.of(
      Synthetic.grouping("site", 700, 3, 5), Synthetic.grouping("age", 700, 40, 6));

  private static List<Scores> examples() {
    return List.of(Synthetic.multiClass(700, 6, 1, 1, 1), Synthetic.multiLabel(700, 4, 2));
  }

  @Test
  void numberOfThreadsChangesNoBit() throws Exception {
    for (Scores scores : examples()) {
      List<String> reports = new ArrayList<>();
      for (int threads : new int[] {1, 4}) {
        try (ForkJoinPool pool = new ForkJoinPool(threads)) {
          ClassificationReport report = pool.submit(() -> Evaluation.report(scores, GROUPINGS, BootstrapOptions.of(100))).get();
          reports.add(report.toString().replaceAll("\\[\\[J@\\w+", "")); // the text of a double names its bits; the confusion has no text
        }
      }
      assertTrue(reports.getFirst().contains("low=0."), reports.getFirst());
      assertEquals(reports.get(0), reports.get(1));
    }
  }

  @Test
  void anotherSeedGivesOtherIntervals() {
    BootstrapOptions other = new BootstrapOptions(100, 7, 0.95, 30);
    Scores scores = examples().getFirst();
    Interval ece = Evaluation.report(scores, List.of(), BootstrapOptions.of(100)).ece();
    assertNotEquals(ece, Evaluation.report(scores, List.of(), other).ece());
  }

  /** Counts stand for copies: each figure of a resample is that of a set in which items are repeated. */
  @Test
  void countsAreCopies() {
    for (Scores scores : examples()) {
      Measures measures = new Measures(scores, GROUPINGS, 1);
      int[] counts = new int[scores.items()];
      for (int number = 0; number < 3; number++) {
        Resampling.draw(number, number, counts);
        int[] copies = IntStream.range(0, counts.length).flatMap(i -> IntStream.generate(() -> i).limit(counts[i])).toArray();
        BootstrapOptions plain = new BootstrapOptions(0, 0, 0.5, 1);
        ClassificationReport report = Evaluation.report(select(scores, copies), select(GROUPINGS, copies), plain);
        double[] figures = measures.figures(counts);
        for (Metric metric : Metric.values()) {
          assertEquals(report.figure(metric).value(), figures[metric.ordinal()], 1e-12, metric.key());
        }
        for (int c = 0; c < scores.labels().size(); c++) {
          assertEquals(report.classes().get(c).auroc().value(), figures[measures.auroc(c)], 1e-12);
          assertEquals(report.classes().get(c).averagePrecision().value(), figures[measures.averagePrecision(c)], 1e-12);
        }
        ClassificationReport.GroupTable table = report.groups().getFirst();
        int gap = measures.groupsStart() + 2 * table.groups().size();
        assertEquals(table.accuracyGap().value(), figures[gap], 1e-12);
        assertEquals(table.aurocGap().value(), figures[gap + 1], 1e-12);
      }
    }
  }

  /** A mean's bootstrap has the standard error of the mean; 20,000 items are drawn, so it is known to 1 / sqrt(2 * 1000), 2.2 %. */
  @Test
  void spreadIsThatOfAMean() {
    double[] values = new SplittableRandom(3).doubles(20_000).toArray();
    double[] means = Resampling.run(BootstrapOptions.of(1000), values.length, 1, counts -> {
      assertEquals(values.length, Arrays.stream(counts).sum());
      double sum = 0;
      for (int i = 0; i < values.length; i++) {
        sum += counts[i] * values[i];
      }
      return new double[] {sum / values.length};
    })[0];
    double mean = Arrays.stream(values).average().orElseThrow();
    double variance = Arrays.stream(values).map(x -> (x - mean) * (x - mean)).average().orElseThrow() / values.length;
    double ofMeans = Arrays.stream(means).map(x -> (x - mean) * (x - mean)).average().orElseThrow();
    assertEquals(1, Math.sqrt(ofMeans / variance), 4 * 0.022);
    assertEquals(1000, Arrays.stream(means).distinct().count(), "resamples that are the same");
  }

  /**
   * Of 400 sets with an accuracy of 0.7 and an AUROC of Phi(1 / sqrt 2) = 0.7602, intervals of 95 % hold the truth in 93 to 95 %, as is
   * known of the percentile bootstrap of 150 items; the share has a standard error of 1.2 %, and four of them are allowed.
   */
  @Test
  void intervalsHoldTheTruthAsOftenAsTheySay() {
    SplittableRandom random = new SplittableRandom(11);
    int sets = 400;
    int items = 150;
    int accuracies = 0;
    int areas = 0;
    for (int set = 0; set < sets; set++) {
      boolean[][] truth = new boolean[items][1];
      double[][] decided = new double[items][1];
      double[][] graded = new double[items][1];
      for (int i = 0; i < items; i++) {
        truth[i][0] = random.nextBoolean();
        decided[i][0] = random.nextDouble() < 0.7 == truth[i][0] ? 1 : 0;
        graded[i][0] = 1 / (1 + Math.exp(-random.nextGaussian() - (truth[i][0] ? 1 : 0)));
      }
      BootstrapOptions options = new BootstrapOptions(300, set, 0.95, 1);
      Interval accuracy = Evaluation.report(new Scores.MultiLabel(List.of("x"), truth, decided), List.of(), options).accuracy();
      Interval area = Evaluation.report(new Scores.MultiLabel(List.of("x"), truth, graded), List.of(), options).aurocMacro();
      accuracies += accuracy.low() <= 0.7 && 0.7 <= accuracy.high() ? 1 : 0;
      areas += area.low() <= 0.76025 && 0.76025 <= area.high() ? 1 : 0;
    }
    assertEquals(0.94, accuracies / (double) sets, 0.01 + 4 * 0.012);
    assertEquals(0.94, areas / (double) sets, 0.01 + 4 * 0.012);
  }

  @Test
  void undefinedResamplesAreLeftOut() {
    Interval half = Resampling.interval(2, new double[] {Double.NaN, 3, 1, Double.NaN}, 0.5);
    assertEquals(new Interval(2, 1.5, 2.5), half);
    assertFalse(Resampling.interval(2, new double[] {Double.NaN, 3, Double.NaN}, 0.5).hasBounds());
    assertFalse(Resampling.interval(2, new double[0], 0.5).hasBounds());
    assertFalse(Resampling.interval(Double.NaN, new double[] {1, 2}, 0.5).hasBounds());
  }

  static Scores select(Scores scores, int[] items) {
    double[][] rows = Arrays.stream(items).mapToObj(i -> scores instanceof Scores.MultiClass one ? one.scores()[i]
        : ((Scores.MultiLabel) scores).scores()[i]).toArray(double[][]::new);
    return switch (scores) {
      case Scores.MultiClass one -> new Scores.MultiClass(one.labels(), Arrays.stream(items).map(i -> one.truth()[i]).toArray(), rows);
      case Scores.MultiLabel several -> new Scores.MultiLabel(
          several.labels(), Arrays.stream(items).mapToObj(i -> several.truth()[i]).toArray(boolean[][]::new), rows);
    };
  }

  static List<Grouping> select(List<Grouping> groupings, int[] items) {
    return groupings.stream().map(one ->
        new Grouping(one.column(), Arrays.stream(items).mapToObj(i -> one.values().get(i)).toList())).toList();
  }
}
