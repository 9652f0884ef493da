package org.conceptclip.evaluate;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;

/** The file that model-conversion/fixtures/make_metric_fixtures.py wrote. Field names are those of the file; null is "not defined". */
record MetricFixtures(List<Case> cases, List<Percentiles> percentiles) {
  /** @param truth one number an item, or of several labels an array of zeros and ones */
  record Case(String name, String kind, Object[] truth, double[][] scores, Expected expected) {
    Scores asScores() {
      List<String> labels = IntStream.range(0, scores[0].length).mapToObj(c -> "class " + c).toList();
      if (kind.equals("multi-class")) {
        return new Scores.MultiClass(labels, IntStream.range(0, truth.length).map(i -> ((Number) truth[i]).intValue()).toArray(), scores);
      }
      boolean[][] flags = new boolean[truth.length][labels.size()];
      for (int i = 0; i < truth.length; i++) {
        List<?> row = (List<?>) truth[i];
        for (int c = 0; c < labels.size(); c++) {
          flags[i][c] = ((Number) row.get(c)).intValue() == 1;
        }
      }
      return new Scores.MultiLabel(labels, flags, scores);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  record Expected(
      Double accuracy, Double balanced_accuracy, Double auroc_macro, Double average_precision_macro, Double precision_macro,
      Double recall_macro, Double f1_macro, Double ece, Double[] auroc, Double[] average_precision, Double[] precision, Double[] recall,
      Double[] f1, long[][] confusion, Double[][] bins) {}

  record Percentiles(double[] values, double[] shares, double[] expected) {}

  static MetricFixtures read() {
    try (Reader reader = new InputStreamReader(
        MetricFixtures.class.getResourceAsStream("/metrics/classification.json"), StandardCharsets.US_ASCII)) {
      return new Gson().fromJson(reader, MetricFixtures.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static MetricFixtures.Case named(String name) {
    return read().cases().stream().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
  }
}
