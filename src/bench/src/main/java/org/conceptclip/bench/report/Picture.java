package org.conceptclip.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.bench.throughput.BenchRow;
import org.conceptclip.bench.throughput.LatencySummary;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.report.Axis;
import org.conceptclip.report.BarChart;
import org.conceptclip.report.LineChart.Series;
import org.conceptclip.report.LineChart;
import org.conceptclip.report.Markup;

/** A picture of a section's rows, with the caption above it. */
record Picture(String caption, Markup drawing) {
  /** Where the last quantile, the maximum, stands: a little beyond 99.9 %. */
  private static final double MAXIMUM = 3.4;

  /** @param rows of the section that have figures */
  static List<Picture> of(Section section, List<BenchRow> rows) {
    if (rows.isEmpty()) {
      return List.of();
    }
    return switch (section) {
      case SWEEP -> List.of(sweep(rows));
      case LATENCY -> List.of(latency(rows.stream().filter(row -> row.curve() != null).toList()));
      case SOAK -> rows.stream().map(Picture::soak).toList();
      case OPS -> bars(rows, Picture::heading, BenchRow::workload, false);
      case STAGES -> bars(rows, BenchRow::workload, BenchRow::contestant, false);
      case TOWERS, IMAGES, TEXTS, QUEUE, AB, LOAD ->
          bars(rows, row -> row.workload() + ", " + heading(row), BenchRow::contestant, true);
    };
  }

  private static String heading(BenchRow row) {
    return Stream.of(row.subject().model(), row.subject().precision(), row.unit()).filter(Objects::nonNull)
        .collect(Collectors.joining(", "));
  }

  private static List<Picture> bars(
      List<BenchRow> rows, Function<BenchRow, String> picture, Function<BenchRow, String> label, boolean colours) {
    List<Picture> pictures = new ArrayList<>();
    rows.stream().collect(Collectors.groupingBy(picture, LinkedHashMap::new, Collectors.toList())).forEach((name, group) -> {
      List<BarChart.Bar> bars = new ArrayList<>();
      for (BenchRow row : group) {
        String batch = row.subject().batch() == null || !colours ? "" : ", batch " + row.subject().batch();
        // A control has its contestant's colour: it is the same thing.
        int before = bars.isEmpty() ? -1 : bars.getLast().colour();
        int colour = !colours ? 0
            : label.apply(row).endsWith(BenchRow.CONTROL) ? Math.max(0, before) : (before + 1) % Markup.COLOURS;
        bars.add(new BarChart.Bar(label.apply(row) + batch, row.median(), row.low(), row.high(), colour));
      }
      pictures.add(new Picture(name, BarChart.draw(name, group.getFirst().unit(), bars)));
    });
    return pictures;
  }

  private static Picture lines(String name, Axis x, String xLabel, Axis y, String yLabel, List<Series> lines) {
    return new Picture(name, LineChart.draw(name, x, xLabel, y, yLabel, lines));
  }

  private static Picture sweep(List<BenchRow> rows) {
    Map<String, TreeMap<Integer, Double>> series = new LinkedHashMap<>();
    TreeMap<Double, String> places = new TreeMap<>();
    for (BenchRow row : rows) {
      int batch = row.subject().batch();
      places.put(log2(batch), "" + batch);
      series.computeIfAbsent(row.contestant() + ", " + row.subject().precision(), name -> new TreeMap<>()).put(batch, row.median());
    }
    List<Series> lines = new ArrayList<>();
    series.forEach((name, points) -> lines.add(new Series(
        name, points.entrySet().stream().map(point -> new double[] {log2(point.getKey()), point.getValue()}).toList())));
    double largest = rows.stream().mapToDouble(BenchRow::median).max().orElseThrow();
    return lines(rows.getFirst().workload() + ", " + rows.getFirst().subject().model(),
        Axis.places(List.copyOf(places.entrySet()), LineChart.LEFT, LineChart.RIGHT), "images in a batch",
        Axis.linear(largest, LineChart.BOTTOM, LineChart.TOP), rows.getFirst().unit(), lines);
  }

  private static double log2(int value) {
    return Math.log(value) / Math.log(2);
  }

  private static Picture latency(List<BenchRow> rows) {
    List<Series> lines = rows.stream().map(row -> new Series(row.workload(), IntStream.range(0, row.curve().size())
        .mapToObj(i -> new double[] {place(LatencySummary.QUANTILES.get(i)), Math.max(1e-3, row.curve().get(i))}).toList())).toList();
    List<Double> values = lines.stream().flatMap(line -> line.points().stream()).map(point -> point[1]).sorted().toList();
    List<Map.Entry<Double, String>> ticks = List.of(Map.entry(0.0, "0"), Map.entry(place(0.5), "50 %"), Map.entry(1.0, "90 %"),
        Map.entry(2.0, "99 %"), Map.entry(3.0, "99.9 %"), Map.entry(MAXIMUM, "max"));
    return lines("latency by percentile, " + rows.getFirst().subject().model() + ", batch " + rows.getFirst().subject().batch(),
        Axis.places(ticks, LineChart.LEFT, LineChart.RIGHT), "share of accepted requests answered by then",
        Axis.decades(values.getFirst(), values.getLast(), LineChart.BOTTOM, LineChart.TOP), "ms from the moment it was due", lines);
  }

  /** Each further nine takes the same room, so that the tail can be seen. */
  private static double place(double quantile) {
    return quantile == 1 ? MAXIMUM : -Math.log10(1 - quantile);
  }

  private static Picture soak(BenchRow row) {
    double minutes = Double.parseDouble(row.parameters().getOrDefault("minutes", "1"));
    int samples = row.rounds().size();
    List<double[]> points =
        IntStream.range(0, samples).mapToObj(i -> new double[] {minutes * (i + 1) / samples, row.rounds().get(i)}).toList();
    double largest = row.rounds().stream().mapToDouble(Double::doubleValue).max().orElse(1);
    return lines(row.workload(), Axis.linear(minutes, LineChart.LEFT, LineChart.RIGHT), "minutes",
        Axis.linear(largest, LineChart.BOTTOM, LineChart.TOP), row.unit(), List.of(new Series(row.workload(), points)));
  }
}
