package org.conceptclip.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * A table for people: every label of a single image, or of several images the best label and the runner-up.
 *
 * <p>Held back until all images are there, since columns are as wide as their widest cell.
 */
final class TableClassifications implements Classifications {
  private static final int BAR_CELLS = 20;
  private static final int WIDEST_CELL = 48;
  private static final String EIGHTHS = " ▏▎▍▌▋▊▉";

  private final PrintStream out;
  private final List<String> labels;
  private final List<Row> rows = new ArrayList<>();

  TableClassifications(PrintStream out, List<String> labels) {
    this.out = out;
    this.labels = labels;
  }

  @Override
  public void add(String image, double[] probabilities) {
    rows.add(new Row(image, probabilities));
  }

  @Override
  public void finish() {
    List<String[]> cells = new ArrayList<>();
    if (rows.size() == 1) {
      cells.add(new String[] {"image", "label", "probability", ""});
      addRanking(cells, rows.getFirst());
    } else if (!rows.isEmpty()) {
      cells.add(new String[] {"image", "best label", "probability", "", labels.size() > 1 ? "next" : ""});
      rows.forEach(row -> cells.add(best(row)));
    }
    print(cells);
  }

  private void addRanking(List<String[]> cells, Row row) {
    String image = row.image();
    for (int label : ranking(row)) {
      double probability = row.probabilities()[label];
      cells.add(new String[] {image, labels.get(label), percent(probability), bar(probability)});
      image = "";
    }
  }

  private String[] best(Row row) {
    List<Integer> ranking = ranking(row);
    int first = ranking.getFirst();
    double probability = row.probabilities()[first];
    String next = ranking.size() == 1
        ? ""
        : labels.get(ranking.get(1)) + " " + percent(row.probabilities()[ranking.get(1)]).strip();
    return new String[] {row.image(), labels.get(first), percent(probability), bar(probability), next};
  }

  private static List<Integer> ranking(Row row) {
    return IntStream.range(0, row.probabilities().length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer label) -> row.probabilities()[label]).reversed())
        .toList();
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

  /** Paths keep their end, which tells them apart; labels their beginning. */
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
  private record Row(String image, double[] probabilities) {}
}
