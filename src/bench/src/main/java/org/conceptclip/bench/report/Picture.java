package org.conceptclip.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.conceptclip.bench.throughput.LatencySummary;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.ThroughputRow;

/**
 * Which picture shows a section's rows.
 *
 * @param caption above it
 * @param drawing the picture
 */
record Picture(String caption, Markup drawing) {
  /** Where the last quantile, the maximum, stands: a little beyond 99.9 %. */
  private static final double MAXIMUM = 3.4;

  /** @param rows of the section that have figures */
  static List<Picture> of(Section section, List<ThroughputRow> rows) {
    if (rows.isEmpty()) {
      return List.of();
    }
    return switch (section) {
      case SWEEP -> List.of(sweep(rows));
      case LATENCY -> List.of(latency(rows.stream().filter(row -> row.curve() != null).toList()));
      case SOAK -> soak(rows);
      case OPS -> bars(rows, Picture::heading, ThroughputRow::workload, false);
      case STAGES -> bars(rows, ThroughputRow::workload, ThroughputRow::contestant, false);
      case IMAGES, TEXTS, QUEUE, AB -> bars(rows, row -> row.workload() + ", " + heading(row), ThroughputRow::contestant, true);
    };
  }

  private static String heading(ThroughputRow row) {
    return Stream.of(row.subject().model(), row.subject().precision(), row.unit()).filter(Objects::nonNull)
        .collect(Collectors.joining(", "));
  }

  private static List<Picture> bars(
      List<ThroughputRow> rows, Function<ThroughputRow, String> picture, Function<ThroughputRow, String> label,
      boolean colours) {
    Map<String, List<ThroughputRow>> groups =
        rows.stream().collect(Collectors.groupingBy(picture, LinkedHashMap::new, Collectors.toList()));
    List<Picture> pictures = new ArrayList<>();
    groups.forEach((name, group) -> {
      List<BarChart.Bar> bars = new ArrayList<>();
      for (ThroughputRow row : group) {
        String batch = row.subject().batch() == null || !colours ? "" : ", batch " + row.subject().batch();
        // A control has its contestant's colour: it is the same thing.
        int before = bars.isEmpty() ? -1 : bars.getLast().colour();
        int colour = !colours ? 0 : label.apply(row).endsWith(ThroughputRow.CONTROL) ? Math.max(0, before) : (before + 1) % Svg.COLOURS;
        bars.add(new BarChart.Bar(label.apply(row) + batch, row.median(), row.low(), row.high(), colour));
      }
      pictures.add(new Picture(name, BarChart.draw(name, group.getFirst().unit(), bars)));
    });
    return pictures;
  }

  private static Picture sweep(List<ThroughputRow> rows) {
    Map<String, Map<Integer, Double>> series = new LinkedHashMap<>();
    TreeMap<Double, String> places = new TreeMap<>();
    double largest = 0;
    for (ThroughputRow row : rows) {
      int batch = row.subject().batch();
      places.put(log2(batch), "" + batch);
      largest = Math.max(largest, row.median());
      series.computeIfAbsent(row.contestant() + ", " + row.subject().precision(), name -> new TreeMap<>()).put(batch, row.median());
    }
    List<LineChart.Series> lines = new ArrayList<>();
    series.forEach((name, points) -> lines.add(new LineChart.Series(
        name, points.entrySet().stream().map(point -> new double[] {log2(point.getKey()), point.getValue()}).toList())));
    String name = rows.getFirst().workload() + ", " + rows.getFirst().subject().model();
    return new Picture(name, LineChart.draw(name, LineChart.horizontal(List.copyOf(places.entrySet())), "images in a batch",
        LineChart.vertical(largest), rows.getFirst().unit(), lines));
  }

  private static double log2(int value) {
    return Math.log(value) / Math.log(2);
  }

  private static Picture latency(List<ThroughputRow> rows) {
    double smallest = Double.MAX_VALUE;
    double largest = 0;
    List<LineChart.Series> lines = new ArrayList<>();
    for (ThroughputRow row : rows) {
      List<double[]> points = new ArrayList<>();
      for (int i = 0; i < row.curve().size(); i++) {
        double value = Math.max(1e-3, row.curve().get(i));
        points.add(new double[] {place(LatencySummary.QUANTILES.get(i)), value});
        smallest = Math.min(smallest, value);
        largest = Math.max(largest, value);
      }
      lines.add(new LineChart.Series(row.workload(), points));
    }
    List<Map.Entry<Double, String>> ticks = List.of(Map.entry(0.0, "0"), Map.entry(place(0.5), "50 %"), Map.entry(1.0, "90 %"),
        Map.entry(2.0, "99 %"), Map.entry(3.0, "99.9 %"), Map.entry(MAXIMUM, "max"));
    String name = "latency by percentile, " + rows.getFirst().subject().model() + ", batch " + rows.getFirst().subject().batch();
    return new Picture(name, LineChart.draw(name, LineChart.horizontal(ticks), "share of accepted requests answered by then",
        LineChart.verticalDecades(smallest, largest), "ms from the moment it was due", lines));
  }

  /** Each further nine takes the same room, so that the tail can be seen. */
  private static double place(double quantile) {
    return quantile == 1 ? MAXIMUM : -Math.log10(1 - quantile);
  }

  private static List<Picture> soak(List<ThroughputRow> rows) {
    List<Picture> pictures = new ArrayList<>();
    for (ThroughputRow row : rows) {
      double minutes = Double.parseDouble(row.parameters().getOrDefault("minutes", "1"));
      int samples = row.rounds().size();
      List<double[]> points = new ArrayList<>();
      for (int i = 0; i < samples; i++) {
        points.add(new double[] {minutes * (i + 1) / samples, row.rounds().get(i)});
      }
      double largest = row.rounds().stream().mapToDouble(Double::doubleValue).max().orElse(1);
      pictures.add(new Picture(row.workload(), LineChart.draw(row.workload(), LineChart.horizontal(minutes), "minutes",
          LineChart.vertical(largest), row.unit(), List.of(new LineChart.Series(row.workload(), points)))));
    }
    return pictures;
  }
}
