package org.conceptclip.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.conceptclip.bench.report.Figures;
import org.conceptclip.bench.throughput.Bar;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.ThroughputRow;

/** Rows of the throughput benchmark for people, under headings that are not repeated. Not thread-safe. */
final class BenchRows {
  private Section section;
  private String group;

  List<String> lines(List<ThroughputRow> rows) {
    List<String> lines = new ArrayList<>();
    for (ThroughputRow row : rows) {
      if (row.section() != section) {
        section = row.section();
        group = null;
        lines.add("");
        lines.add(section.title());
      }
      if (!group(row).equals(group)) {
        group = group(row);
        lines.add("  " + group);
      }
      lines.addAll(lines(row));
    }
    return lines;
  }

  private static String group(ThroughputRow row) {
    List<String> parts = new ArrayList<>(List.of(row.workload()));
    if (row.subject().model() != null) {
      parts.add(row.subject().model());
    }
    if (row.subject().precision() != null) {
      parts.add(row.subject().precision());
    }
    if (row.subject().batch() != null) {
      parts.add("batch " + row.subject().batch());
    }
    return String.join(", ", parts);
  }

  private static List<String> lines(ThroughputRow row) {
    List<String> lines = new ArrayList<>();
    if (row.failure() != null) {
      lines.add("    " + row.contestant() + ": " + row.failure());
      return lines;
    }
    String quartiles = row.rounds().size() > 1 ? "(" + Figures.of(row.low()) + "-" + Figures.of(row.high()) + ")" : "";
    List<String> ratios = new ArrayList<>();
    row.ratios().forEach((other, ratio) -> ratios.add(String.format(Locale.ROOT, "%.3fx %s", ratio.median(), other)));
    lines.add(String.format(Locale.ROOT, "    %-30s %9s %-10s %-17s %s", row.contestant(), Figures.of(row.median()), row.unit(),
        quartiles, String.join(", ", ratios)).stripTrailing());
    if (!row.figures().isEmpty()) {
      List<String> figures = new ArrayList<>();
      row.figures().forEach((name, value) -> figures.add(name + " " + Figures.of(value)));
      lines.add("      " + String.join(", ", figures));
    }
    for (Bar bar : row.bars()) {
      lines.add("      " + (bar.met() ? "kept:   " : "MISSED: ") + bar.name() + " " + Figures.of(bar.value()) + " " + bar.relation()
          + " " + Figures.of(bar.limit()));
    }
    return lines;
  }
}
