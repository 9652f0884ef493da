package org.conceptclip.bench.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.conceptclip.bench.Gpu;
import org.conceptclip.bench.Machine;
import org.conceptclip.bench.throughput.BenchRow;
import org.conceptclip.bench.throughput.Comparison;
import org.conceptclip.bench.throughput.Origin;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.Threshold;
import org.conceptclip.report.Figures;
import org.conceptclip.report.Markup;
import org.conceptclip.report.Page;

/**
 * Results as one page of HTML that can be opened from a disk: static pictures, no script, no network, dark or light as the reader's
 * system is. It is also well-formed XML.
 */
public final class HtmlReport {
  private static final String TITLE = "ConceptCLIP for the JVM: throughput";
  private static final String NOTICE = "Research use, not a medical device.";

  private final Page page = Page.titled(TITLE);
  private final Markup markup = page.markup();

  private HtmlReport() {}

  /**
   * The page.
   *
   * @param rows in the order of their sections
   * @param pairs comparison with older rows; empty for none
   */
  public static String of(List<BenchRow> rows, List<Comparison.Pair> pairs) {
    return new HtmlReport().write(rows, pairs);
  }

  private String write(List<BenchRow> rows, List<Comparison.Pair> pairs) {
    page.notice(NOTICE);
    origin(rows);
    if (rows.stream().anyMatch(row -> !row.thresholds().isEmpty())) {
      page.heading("Promises");
      page.table(List.of("promise", "of", "measured", "limit", ""), () -> rows.forEach(this::promises));
    }
    if (!pairs.isEmpty()) {
      page.heading("Against older rows");
      page.table(List.of("workload", "contestant", "before", "now", "speed", "verdict"), () -> pairs.forEach(this::comparison));
    }
    rows.stream().collect(Collectors.groupingBy(BenchRow::section, () -> new EnumMap<>(Section.class), Collectors.toList()))
        .forEach(this::section);
    return page.notice("How it was measured: bench/README.md and docs/adr/0011-throughput-benchmark.md. " + NOTICE).whole();
  }

  /** What is the same for all rows is said once; what was read again and again, the GPU's clocks, is a table of its own. */
  private void origin(List<BenchRow> rows) {
    List<Origin> origins = rows.stream().map(BenchRow::origin).distinct().toList();
    List<Map.Entry<String, String>> facts = new ArrayList<>();
    for (Machine machine : origins.stream().map(Origin::machine).distinct().toList()) {
      facts.add(Map.entry("Machine", machine.cpu() + ", " + machine.cores() + " cores"));
      facts.add(Map.entry("Instruction sets", String.join(" ", machine.features())));
      facts.add(Map.entry("System", machine.os() + ", JDK " + machine.jdk()));
    }
    add(facts, "Commit", origins.stream().map(Origin::commit));
    add(facts, "GPU", origins.stream().map(Origin::gpu).filter(Objects::nonNull).map(Gpu::board));
    List<String> dates = origins.stream().map(Origin::date).sorted().toList();
    if (!dates.isEmpty()) {
      facts.add(Map.entry("Measured", dates.getFirst().equals(dates.getLast()) ? dates.getFirst() : dates.getFirst() + " to " + dates.getLast()));
    }
    add(facts, "Backend", rows.stream().map(row -> row.subject().device()).filter(Objects::nonNull));
    page.facts(facts);
    clocks(rows);
  }

  private void clocks(List<BenchRow> rows) {
    List<ClockReading> readings = ClockReading.of(rows);
    if (readings.isEmpty()) {
      return;
    }
    page.heading("Clocks of the GPU").notice("Read right after the last round of each measurement.");
    page.table(List.of("after", "read at", "SM, MHz", "memory, MHz", "°C"), () -> readings.forEach(reading -> {
      markup.open("tr").leaf("td", String.join("; ", reading.after())).leaf("td", reading.date());
      for (Double value : Arrays.asList(reading.gpu().smClockMhz(), reading.gpu().memoryClockMhz(), reading.gpu().celsius())) {
        page.number(value == null ? "not reported" : Figures.of(value));
      }
      markup.close();
    }));
  }

  private static void add(List<Map.Entry<String, String>> facts, String name, Stream<String> values) {
    values.distinct().forEach(value -> facts.add(Map.entry(name, value)));
  }

  private void promises(BenchRow row) {
    for (Threshold threshold : row.thresholds()) {
      markup.open("tr").leaf("td", threshold.name()).leaf("td", row.title());
      page.number(Figures.of(threshold.value()));
      page.number((threshold.atLeast() ? "≥ " : "≤ ") + Figures.of(threshold.limit()));
      markup.leaf("td", threshold.met() ? "✓ kept" : "✗ missed", "class", threshold.met() ? "kept" : "missed").close();
    }
  }

  private void comparison(Comparison.Pair pair) {
    BenchRow row = pair.row();
    markup.open("tr").leaf("td", row.title()).leaf("td", row.contestant());
    page.number(Figures.of(pair.oldMedian()));
    page.number(Figures.of(row.median()) + " " + row.unit());
    page.number(String.format(Locale.ROOT, "%.2fx", pair.speedup()));
    markup.leaf("td", pair.words()).close();
  }

  private void section(Section section, List<BenchRow> rows) {
    page.heading(section.title());
    for (Picture picture : Picture.of(section, rows.stream().filter(row -> row.median() != null).toList())) {
      page.figure(picture.caption(), picture.drawing());
    }
    markup.open("details").leaf("summary", "Figures");
    page.table(List.of("workload", "contestant", "median", "quartiles", "unit", "further"), () -> rows.forEach(this::figures));
    markup.close();
  }

  private void figures(BenchRow row) {
    markup.open("tr").leaf("td", row.title()).leaf("td", row.contestant());
    if (row.failure() != null) {
      markup.leaf("td", row.failure(), "colspan", 4, "class", "missed").close();
      return;
    }
    page.number(Figures.of(row.median()));
    page.number(Figures.of(row.low()) + " – " + Figures.of(row.high()));
    List<String> further = new ArrayList<>();
    row.ratios().forEach((other, ratio) -> further.add(String.format(
        Locale.ROOT, "%.3fx of %s (%.3f–%.3f)", ratio.median(), other, ratio.low(), ratio.high())));
    if (!row.figures().isEmpty()) {
      further.add(TextReport.figures(row));
    }
    markup.leaf("td", String.valueOf(row.unit())).leaf("td", String.join("; ", further)).close();
  }
}
