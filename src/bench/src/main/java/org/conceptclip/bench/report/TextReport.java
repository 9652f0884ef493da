package org.conceptclip.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.conceptclip.bench.throughput.BenchRow;
import org.conceptclip.bench.throughput.Comparison;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.Threshold;
import org.conceptclip.report.Figures;

/** Rows for people at a terminal, under headings that are not repeated. Not thread-safe. */
public final class TextReport {
  private Section section;
  private String group;

  /** The lines of more rows. */
  public List<String> lines(List<BenchRow> rows) {
    List<String> lines = new ArrayList<>();
    for (BenchRow row : rows) {
      if (row.section() != section) {
        section = row.section();
        group = null;
        lines.add("");
        lines.add(section.title());
      }
      // Each op is a workload of its own: one heading for all of them, and the op in front of its figures.
      boolean ops = section.hasWorkloadOfEachRow();
      String title = ops ? row.setup() : row.title();
      if (!title.equals(group)) {
        group = title;
        lines.add("  " + group);
      }
      add(lines, row, ops ? String.format("%-50s", row.workload()) : String.format("%-30s", row.contestant()));
    }
    return lines;
  }

  private static void add(List<String> lines, BenchRow row, String name) {
    if (row.failure() != null) {
      lines.add("    " + row.contestant() + ": " + row.failure());
      return;
    }
    String quartiles = row.low() < row.high() ? "(" + Figures.of(row.low()) + "-" + Figures.of(row.high()) + ")" : "";
    List<String> ratios = new ArrayList<>();
    row.ratios().forEach((other, ratio) -> ratios.add(String.format(Locale.ROOT, "%.3fx %s", ratio.median(), other)));
    lines.add(String.format(Locale.ROOT, "    %s %9s %-10s %-17s %s", name, Figures.of(row.median()), row.unit(),
        quartiles, String.join(", ", ratios)).stripTrailing());
    if (!row.figures().isEmpty()) {
      lines.add("      " + figures(row));
    }
    for (Threshold threshold : row.thresholds()) {
      lines.add("      " + (threshold.met() ? "kept:   " : "MISSED: ") + threshold.name() + " " + Figures.of(threshold.value())
          + (threshold.atLeast() ? " >= " : " <= ") + Figures.of(threshold.limit()));
    }
  }

  static String figures(BenchRow row) {
    List<String> figures = new ArrayList<>();
    row.figures().forEach((name, value) -> figures.add(name + " " + Figures.of(value)));
    if (row.limit() != null) {
      figures.add("limit " + row.limit());
    }
    return String.join(", ", figures);
  }

  /** One comparison with an older row. */
  public static String line(Comparison.Pair pair) {
    BenchRow row = pair.row();
    return String.format(Locale.ROOT, "%s, %s: %s -> %s %s, %.2fx: %s", row.workload(), row.contestant(), Figures.of(pair.oldMedian()),
        Figures.of(row.median()), row.unit(), pair.speedup(), pair.words());
  }
}
