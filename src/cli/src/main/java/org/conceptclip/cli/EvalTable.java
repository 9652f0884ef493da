package org.conceptclip.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.conceptclip.evaluate.ClassificationReport;
import org.conceptclip.evaluate.Interval;
import org.conceptclip.report.Page;
import org.conceptclip.results.ClassificationRun;
import org.conceptclip.results.FigureText;
import org.conceptclip.util.OneLine;

/** The figures as text for people. */
record EvalTable(Results out) {
  private static final int WIDEST = 40;

  void print(ClassificationRun run) {
    ClassificationReport report = run.report();
    out.line(report.items() + " items, model " + OneLine.of(run.modelOrWords(), 200)
        + (run.failed() > 0 ? ", " + run.failed() + " failed" : ""));
    List<List<String>> rows = new ArrayList<>();
    ClassificationRun.headlines(report).forEach((metric, figure) -> rows.add(List.of(FigureText.name(metric), text(figure))));
    table(rows, false);
    run.pooled().ifPresent(one -> out.line("all " + one.pairs() + " pairs of item and label: accuracy " + FigureText.of(one.accuracy())
        + ", AUROC " + FigureText.of(one.auroc())));
    rows.clear();
    rows.add(List.of("class", "items", "AUROC", "average precision", "precision", "recall", "F1"));
    for (ClassificationReport.ClassFigures one : report.classes()) {
      rows.add(List.of(name(one.label()), String.valueOf(one.positives()), text(one.auroc()), text(one.averagePrecision()),
          FigureText.of(one.precision()), FigureText.of(one.recall()), FigureText.of(one.f1())));
    }
    section(rows);
    for (ClassificationReport.GroupTable table : report.groups()) {
      rows.clear();
      rows.add(List.of(name(table.column()), "items", "accuracy", "AUROC", ""));
      for (ClassificationReport.GroupFigures group : table.groups()) {
        rows.add(List.of(name(group.value()), String.valueOf(group.items()), text(group.accuracy()), text(group.aurocMacro()),
            group.tooSmall() ? "too small to say anything" : ""));
      }
      rows.add(List.of("gap", "", text(table.accuracyGap()), text(table.aurocGap()), ""));
      section(rows);
    }
    run.temperature().ifPresent(one -> out.line(String.format(Locale.ROOT, "%ntemperature %.3f from %d validation items: ECE %s becomes %s",
        one.fit().temperature(), one.validationItems(), text(report.ece()), text(one.scaled().ece()))));
    run.comparison().ifPresent(one -> {
      rows.clear();
      rows.add(List.of("compared with " + name(one.other()), "before", "now", "difference", "p"));
      one.differences().metrics().forEach((metric, difference) -> rows.add(List.of(FigureText.name(metric),
          FigureText.of(difference.first()), FigureText.of(difference.second()), text(difference.difference()),
          FigureText.of(difference.p()))));
      section(rows);
    });
    out.line("");
    out.line("In parentheses: intervals of " + Math.round(100 * run.bootstrap().level()) + " %. " + Page.FOR_RESEARCH);
  }

  private void section(List<List<String>> rows) {
    out.line("");
    table(rows, true);
  }

  /** @param counts whether the second column holds numbers of items, which stand flush right */
  private void table(List<List<String>> rows, boolean counts) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    rows.forEach(row -> {
      for (int c = 0; c < columns; c++) {
        widths[c] = Math.max(widths[c], Cells.width(row.get(c)));
      }
    });
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        String cell = row.get(c);
        String pad = " ".repeat(widths[c] - Cells.width(cell));
        line.append(c == 1 && counts ? pad + cell : cell + pad).append("  ");
      }
      out.line(line.toString().stripTrailing());
    }
  }

  private static String name(String text) {
    return text.isEmpty() ? "(empty)" : OneLine.of(text, WIDEST);
  }

  private static String text(Interval figure) {
    return FigureText.of(figure);
  }
}
