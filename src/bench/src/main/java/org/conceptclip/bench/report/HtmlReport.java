package org.conceptclip.bench.report;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.conceptclip.bench.Machine;
import org.conceptclip.bench.throughput.Bar;
import org.conceptclip.bench.throughput.Comparison;
import org.conceptclip.bench.throughput.Origin;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.ThroughputRow;

/**
 * Results as one page of HTML that opens from a disk: static pictures, no script, no network, dark or light as the reader has it. It is
 * well-formed XML, too.
 */
public final class HtmlReport {
  private static final String NOTICE = "Research use, not a medical device.";

  private HtmlReport() {}

  /**
   * The page.
   *
   * @param rows in the order of their sections
   * @param pairs comparison with older rows; empty for none
   */
  public static String of(List<ThroughputRow> rows, List<Comparison.Pair> pairs) {
    Markup page = new Markup().open("html", "lang", "en").open("head").empty("meta", "charset", "utf-8")
        .empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
        .leaf("title", "ConceptCLIP for the JVM: throughput")
        .leaf("style", Style.SHEET).close().open("body").open("main");
    page.leaf("h1", "ConceptCLIP for the JVM: throughput").leaf("p", NOTICE, "class", "notice");
    origin(page, rows);
    promises(page, rows);
    comparison(page, pairs);
    sections(rows).forEach((section, its) -> section(page, section, its));
    page.leaf("p", "How it was measured: bench/README.md and docs/adr/0011-throughput-benchmark.md. " + NOTICE, "class", "notice");
    return "<!DOCTYPE html>\n" + page.close().close().close().whole() + "\n";
  }

  private static Map<Section, List<ThroughputRow>> sections(List<ThroughputRow> rows) {
    return rows.stream().collect(Collectors.groupingBy(
        ThroughputRow::section, () -> new EnumMap<>(Section.class), Collectors.toCollection(ArrayList::new)));
  }

  private static void origin(Markup page, List<ThroughputRow> rows) {
    page.open("dl");
    for (Origin origin : rows.stream().map(ThroughputRow::origin).map(HtmlReport::withoutDate).distinct().toList()) {
      Machine machine = origin.machine();
      fact(page, "Machine", machine.cpu() + ", " + machine.cores() + " cores");
      fact(page, "Instruction sets", String.join(" ", machine.features()));
      fact(page, "System", machine.os() + ", JDK " + machine.jdk());
      fact(page, "Commit", origin.commit());
      if (origin.gpu() != null) {
        fact(page, "GPU", origin.gpu().name() + ", driver " + origin.gpu().driver());
      }
    }
    TreeSet<String> dates = rows.stream().map(row -> row.origin().date()).collect(Collectors.toCollection(TreeSet::new));
    if (!dates.isEmpty()) {
      fact(page, "Measured", dates.first().equals(dates.last()) ? dates.first() : dates.first() + " to " + dates.last());
    }
    rows.stream().map(row -> row.subject().device()).filter(device -> device != null).distinct()
        .forEach(device -> fact(page, "Backend", device));
    page.close();
  }

  private static Origin withoutDate(Origin origin) {
    return new Origin("", origin.commit(), origin.machine(), origin.gpu());
  }

  private static void fact(Markup page, String name, String value) {
    page.leaf("dt", name).leaf("dd", value);
  }

  private static void promises(Markup page, List<ThroughputRow> rows) {
    if (rows.stream().allMatch(row -> row.bars().isEmpty())) {
      return;
    }
    page.leaf("h2", "Promises").open("div", "class", "wide").open("table");
    heads(page, "promise", "of", "measured", "limit", "");
    for (ThroughputRow row : rows) {
      for (Bar bar : row.bars()) {
        page.open("tr").leaf("td", bar.name()).leaf("td", subject(row)).leaf("td", Figures.of(bar.value()), "class", "number")
            .leaf("td", (bar.atLeast() ? "≥ " : "≤ ") + Figures.of(bar.limit()), "class", "number")
            .leaf("td", bar.met() ? "✓ kept" : "✗ missed", "class", bar.met() ? "kept" : "missed").close();
      }
    }
    page.close().close();
  }

  private static String subject(ThroughputRow row) {
    List<String> parts = new ArrayList<>(List.of(row.workload()));
    add(parts, row.subject().model());
    add(parts, row.subject().precision());
    if (row.subject().batch() != null) {
      parts.add("batch " + row.subject().batch());
    }
    return String.join(", ", parts);
  }

  private static void add(List<String> parts, String valueOrNull) {
    if (valueOrNull != null) {
      parts.add(valueOrNull);
    }
  }

  private static void comparison(Markup page, List<Comparison.Pair> pairs) {
    if (pairs.isEmpty()) {
      return;
    }
    page.leaf("h2", "Against older rows").open("div", "class", "wide").open("table");
    heads(page, "workload", "contestant", "before", "now", "speed", "verdict");
    for (Comparison.Pair pair : pairs) {
      ThroughputRow row = pair.row();
      page.open("tr").leaf("td", subject(row)).leaf("td", row.contestant())
          .leaf("td", Figures.of(pair.oldMedian()), "class", "number")
          .leaf("td", Figures.of(row.median()) + " " + row.unit(), "class", "number")
          .leaf("td", String.format(Locale.ROOT, "%.2fx", pair.speedup()), "class", "number")
          .leaf("td", pair.verdict().words() + (pair.reason() == null ? "" : " (" + pair.reason() + ")")).close();
    }
    page.close().close();
  }

  private static void section(Markup page, Section section, List<ThroughputRow> rows) {
    page.leaf("h2", section.title());
    List<ThroughputRow> measured = rows.stream().filter(row -> row.median() != null).toList();
    for (Picture picture : Picture.of(section, measured)) {
      page.open("figure").leaf("figcaption", picture.caption()).add(picture.drawing()).close();
    }
    table(page, rows);
  }

  private static void table(Markup page, List<ThroughputRow> rows) {
    page.open("details").leaf("summary", "Figures").open("div", "class", "wide").open("table");
    heads(page, "workload", "contestant", "median", "quartiles", "unit", "further");
    for (ThroughputRow row : rows) {
      page.open("tr").leaf("td", subject(row)).leaf("td", row.contestant());
      if (row.failure() != null) {
        page.leaf("td", row.failure(), "colspan", "4", "class", "missed").close();
        continue;
      }
      page.leaf("td", Figures.of(row.median()), "class", "number")
          .leaf("td", Figures.of(row.low()) + " – " + Figures.of(row.high()), "class", "number")
          .leaf("td", String.valueOf(row.unit())).leaf("td", further(row)).close();
    }
    page.close().close().close();
  }

  private static String further(ThroughputRow row) {
    List<String> parts = new ArrayList<>();
    row.ratios().forEach((other, ratio) -> parts.add(String.format(
        Locale.ROOT, "%.3fx of %s (%.3f–%.3f)", ratio.median(), other, ratio.low(), ratio.high())));
    row.figures().forEach((name, value) -> parts.add(name + " " + Figures.of(value)));
    return String.join("; ", parts);
  }

  private static void heads(Markup page, String... names) {
    page.open("tr");
    for (String name : names) {
      page.leaf("th", name);
    }
    page.close();
  }
}
