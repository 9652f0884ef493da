package org.conceptclip.bench.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
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

/**
 * Results as one page of HTML that can be opened from a disk: static pictures, no script, no network, dark or light as the reader's
 * system is. It is also well-formed XML.
 */
public final class HtmlReport {
  private static final String TITLE = "ConceptCLIP for the JVM: throughput";
  private static final String NOTICE = "Research use, not a medical device.";
  /** The page's looks. Colours of series were chosen to differ in lightness as well, for readers who do not distinguish hues well. */
  private static final String STYLE = """

      :root { color-scheme: light dark; --paper: #fdfdfc; --ink: #1d2329; --soft: #5c6670; --rule: #e3e6e8;
        --c0: #1f6f8b; --c1: #d9822b; --c2: #6a4c93; --c3: #3f9b57; --c4: #b3384a; --c5: #7d8a94; --c6: #b79a1c; --c7: #2f4b9a;
        --kept: #23713a; --missed: #a3212f; }
      @media (prefers-color-scheme: dark) { :root { --paper: #14181c; --ink: #e4e8eb; --soft: #9aa6b0; --rule: #2b333a;
        --c0: #58b4d1; --c1: #f0a65a; --c2: #b095dc; --c3: #76cf8e; --c4: #ec7c8b; --c5: #a9b5be; --c6: #e0c653; --c7: #8aa4ee;
        --kept: #7bd394; --missed: #f28b97; } }
      body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
      main { max-width: 800px; margin: 0 auto; padding: 24px 20px 48px; }
      h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 40px 0 8px; }
      .notice { color: var(--soft); font-size: 13px; }
      dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; font-size: 13px; }
      dt { color: var(--soft); } dd { margin: 0; }
      figure { margin: 16px 0 24px; } figcaption { font-size: 13px; font-weight: 600; margin-bottom: 8px; }
      svg { width: 100%; height: auto; display: block; }
      .wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; width: 100%; }
      th { text-align: left; font-weight: 600; color: var(--soft); } th, td { padding: 4px 10px 4px 0; vertical-align: top;
        border-bottom: 1px solid var(--rule); }
      .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
      .kept { color: var(--kept); white-space: nowrap; } .missed { color: var(--missed); }
      summary { cursor: pointer; color: var(--soft); font-size: 13px; }
      svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .tick { fill: var(--soft); font-size: 11px; }
      svg .value { font-variant-numeric: tabular-nums; font-weight: 600; }
      .grid { stroke: var(--rule); stroke-width: 1; } .whisker { stroke: var(--ink); stroke-width: 1.2; }
      .line { fill: none; stroke-width: 2; }
      .s0 { fill: var(--c0); } .s1 { fill: var(--c1); } .s2 { fill: var(--c2); } .s3 { fill: var(--c3); }
      .s4 { fill: var(--c4); } .s5 { fill: var(--c5); } .s6 { fill: var(--c6); } .s7 { fill: var(--c7); }
      .l0 { stroke: var(--c0); } .l1 { stroke: var(--c1); } .l2 { stroke: var(--c2); } .l3 { stroke: var(--c3); }
      .l4 { stroke: var(--c4); } .l5 { stroke: var(--c5); } .l6 { stroke: var(--c6); } .l7 { stroke: var(--c7); }
      """;

  private final Markup page = new Markup();

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
    page.open("html", "lang", "en").open("head").empty("meta", "charset", "utf-8")
        .empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
        .leaf("title", TITLE).leaf("style", STYLE).close().open("body").open("main")
        .leaf("h1", TITLE).leaf("p", NOTICE, "class", "notice");
    origin(rows);
    if (rows.stream().anyMatch(row -> !row.thresholds().isEmpty())) {
      page.leaf("h2", "Promises");
      table(List.of("promise", "of", "measured", "limit", ""), () -> rows.forEach(this::promises));
    }
    if (!pairs.isEmpty()) {
      page.leaf("h2", "Against older rows");
      table(List.of("workload", "contestant", "before", "now", "speed", "verdict"), () -> pairs.forEach(this::comparison));
    }
    rows.stream().collect(Collectors.groupingBy(BenchRow::section, () -> new EnumMap<>(Section.class), Collectors.toList()))
        .forEach(this::section);
    page.leaf("p", "How it was measured: bench/README.md and docs/adr/0011-throughput-benchmark.md. " + NOTICE, "class", "notice");
    return "<!DOCTYPE html>\n" + page.close().close().close().whole() + "\n";
  }

  /** What is the same for all rows is said once; what was read again and again, the GPU's clocks, is a table of its own. */
  private void origin(List<BenchRow> rows) {
    List<Origin> origins = rows.stream().map(BenchRow::origin).distinct().toList();
    page.open("dl");
    for (Machine machine : origins.stream().map(Origin::machine).distinct().toList()) {
      fact("Machine", machine.cpu() + ", " + machine.cores() + " cores");
      fact("Instruction sets", String.join(" ", machine.features()));
      fact("System", machine.os() + ", JDK " + machine.jdk());
    }
    facts("Commit", origins.stream().map(Origin::commit));
    facts("GPU", origins.stream().map(Origin::gpu).filter(Objects::nonNull).map(Gpu::board));
    List<String> dates = origins.stream().map(Origin::date).sorted().toList();
    if (!dates.isEmpty()) {
      fact("Measured", dates.getFirst().equals(dates.getLast()) ? dates.getFirst() : dates.getFirst() + " to " + dates.getLast());
    }
    facts("Backend", rows.stream().map(row -> row.subject().device()).filter(Objects::nonNull));
    page.close();
    clocks(rows);
  }

  private void clocks(List<BenchRow> rows) {
    List<ClockReading> readings = ClockReading.of(rows);
    if (readings.isEmpty()) {
      return;
    }
    page.leaf("h2", "Clocks of the GPU").leaf("p", "Read right after the last round of each measurement.", "class", "notice");
    table(List.of("after", "read at", "SM, MHz", "memory, MHz", "°C"), () -> readings.forEach(reading -> {
      page.open("tr").leaf("td", String.join("; ", reading.after())).leaf("td", reading.date());
      for (Double value : Arrays.asList(reading.gpu().smClockMhz(), reading.gpu().memoryClockMhz(), reading.gpu().celsius())) {
        number(value == null ? "not reported" : Figures.of(value));
      }
      page.close();
    }));
  }

  private void facts(String name, Stream<String> values) {
    values.distinct().forEach(value -> fact(name, value));
  }

  private void fact(String name, String value) {
    page.leaf("dt", name).leaf("dd", value);
  }

  private void table(List<String> heads, Runnable rows) {
    page.open("div", "class", "wide").open("table").open("tr");
    heads.forEach(head -> page.leaf("th", head));
    page.close();
    rows.run();
    page.close().close();
  }

  private Markup number(String text) {
    return page.leaf("td", text, "class", "number");
  }

  private void promises(BenchRow row) {
    for (Threshold threshold : row.thresholds()) {
      page.open("tr").leaf("td", threshold.name()).leaf("td", row.title());
      number(Figures.of(threshold.value()));
      number((threshold.atLeast() ? "≥ " : "≤ ") + Figures.of(threshold.limit()));
      page.leaf("td", threshold.met() ? "✓ kept" : "✗ missed", "class", threshold.met() ? "kept" : "missed").close();
    }
  }

  private void comparison(Comparison.Pair pair) {
    BenchRow row = pair.row();
    page.open("tr").leaf("td", row.title()).leaf("td", row.contestant());
    number(Figures.of(pair.oldMedian()));
    number(Figures.of(row.median()) + " " + row.unit());
    number(String.format(Locale.ROOT, "%.2fx", pair.speedup()));
    page.leaf("td", pair.words()).close();
  }

  private void section(Section section, List<BenchRow> rows) {
    page.leaf("h2", section.title());
    for (Picture picture : Picture.of(section, rows.stream().filter(row -> row.median() != null).toList())) {
      page.open("figure").leaf("figcaption", picture.caption()).add(picture.drawing()).close();
    }
    page.open("details").leaf("summary", "Figures");
    table(List.of("workload", "contestant", "median", "quartiles", "unit", "further"), () -> rows.forEach(this::figures));
    page.close();
  }

  private void figures(BenchRow row) {
    page.open("tr").leaf("td", row.title()).leaf("td", row.contestant());
    if (row.failure() != null) {
      page.leaf("td", row.failure(), "colspan", 4, "class", "missed").close();
      return;
    }
    number(Figures.of(row.median()));
    number(Figures.of(row.low()) + " – " + Figures.of(row.high()));
    List<String> further = new ArrayList<>();
    row.ratios().forEach((other, ratio) -> further.add(String.format(
        Locale.ROOT, "%.3fx of %s (%.3f–%.3f)", ratio.median(), other, ratio.low(), ratio.high())));
    if (!row.figures().isEmpty()) {
      further.add(TextReport.figures(row));
    }
    page.leaf("td", String.valueOf(row.unit())).leaf("td", String.join("; ", further)).close();
  }
}
