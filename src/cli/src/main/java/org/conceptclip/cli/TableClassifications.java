package org.conceptclip.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.conceptclip.Classification;
import org.conceptclip.ClassProbability;

/**
 * A table: every label of a single image, or the best label and the runner-up of each of several images.
 *
 * <p>Printed when all results are there, because columns are as wide as their widest cell.
 */
final class TableClassifications implements Classifications {
  private static final int BAR_CELLS = 20;
  private static final int WIDEST_CELL = 48;
  private static final String EIGHTHS = " ▏▎▍▌▋▊▉";

  private final PrintStream out;
  private final boolean withNext;
  private final List<Row> rows = new ArrayList<>();

  /** @param withNext whether there is more than one label, so that each image has a runner-up */
  TableClassifications(PrintStream out, boolean withNext) {
    this.out = out;
    this.withNext = withNext;
  }

  @Override
  public void add(String image, Classification classification) {
    rows.add(new Row(image, classification.ranked()));
  }

  @Override
  public void finish() {
    List<String[]> cells = new ArrayList<>();
    if (rows.size() == 1) {
      cells.add(new String[] {"image", "label", "probability", ""});
      addRanking(cells, rows.getFirst());
    } else if (!rows.isEmpty()) {
      cells.add(new String[] {"image", "best label", "probability", "", withNext ? "next" : ""});
      rows.forEach(row -> cells.add(best(row)));
    }
    print(cells);
  }

  private static void addRanking(List<String[]> cells, Row row) {
    String image = row.image();
    for (ClassProbability one : row.ranked()) {
      cells.add(new String[] {image, one.label(), percent(one.probability()), bar(one.probability())});
      image = "";
    }
  }

  private String[] best(Row row) {
    ClassProbability best = row.ranked().getFirst();
    String next = withNext ? row.ranked().get(1).label() + " " + percent(row.ranked().get(1).probability()).strip() : "";
    return new String[] {row.image(), best.label(), percent(best.probability()), bar(best.probability()), next};
  }

  private void print(List<String[]> cells) {
    if (cells.isEmpty()) {
      return;
    }
    int[] widths = new int[cells.getFirst().length];
    for (String[] row : cells) {
      for (int c = 0; c < widths.length; c++) {
        row[c] = clipped(row[c], c == 0);
        widths[c] = Math.max(widths[c], columns(row[c]));
      }
    }
    for (String[] row : cells) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < widths.length; c++) {
        line.append(row[c]).repeat(" ", widths[c] - columns(row[c]) + 2);
      }
      out.println(line.toString().stripTrailing());
    }
    out.flush();
  }

  /** Long paths keep their end, which tells them apart; long labels keep their beginning. */
  private static String clipped(String cell, boolean path) {
    if (columns(cell) <= WIDEST_CELL) {
      return cell;
    }
    int[] points = cell.codePoints().toArray();
    return path
        ? "…" + new String(points, points.length - WIDEST_CELL + 1, WIDEST_CELL - 1)
        : new String(points, 0, WIDEST_CELL - 1) + "…";
  }

  private static int columns(String cell) {
    return cell.codePointCount(0, cell.length());
  }

  private static String percent(double probability) {
    return String.format(Locale.ROOT, "%6.2f %%", 100 * probability);
  }

  private static String bar(double probability) {
    int eighths = (int) Math.round(probability * BAR_CELLS * 8);
    String part = eighths % 8 == 0 ? "" : String.valueOf(EIGHTHS.charAt(eighths % 8));
    return "█".repeat(eighths / 8) + part;
  }

  /** One image's result. */
  private record Row(String image, List<ClassProbability> ranked) {}
}
