package org.conceptclip.cli;

import java.util.List;
import java.util.Locale;
import org.conceptclip.ClassProbability;
import org.conceptclip.Classification;

/**
 * A table: every label of a single image, or a row with the best label and the runner-up of each of several images. Each row is delivered
 * at once; the first column is as wide as the names that are known by then.
 */
final class TableClassifications implements Classifications {
  private static final int BAR_CELLS = 20;
  private static final String EIGHTHS = " ▏▎▍▌▋▊▉";

  private final Results out;
  private final boolean single;
  private final boolean withNext;
  private final int[] widths;
  private boolean hasHeader;

  /** @param single whether there will be one image, which gets all labels */
  TableClassifications(Results out, List<String> labels, boolean single) {
    this.out = out;
    this.single = single;
    this.withNext = labels.size() > 1;
    this.widths = new int[] {0, 0, 0, BAR_CELLS, 0};
    labels.forEach(label -> widen(1, Cells.name(label)));
  }

  @Override
  public void expect(String image) {
    widen(0, Cells.path(image));
  }

  @Override
  public void add(String image, Classification classification) {
    List<ClassProbability> ranked = classification.ranked();
    if (!hasHeader) {
      hasHeader = true;
      print("image", single ? "label" : "best label", "probability", "", single || !withNext ? "" : "next");
    }
    if (single) {
      String name = image;
      for (ClassProbability one : ranked) {
        print(name, one.label(), percent(one.probability()), bar(one.probability()), "");
        name = "";
      }
    } else {
      ClassProbability best = ranked.getFirst();
      String next = withNext ? ranked.get(1).label() + " " + percent(ranked.get(1).probability()).strip() : "";
      print(image, best.label(), percent(best.probability()), bar(best.probability()), next);
    }
    out.flush();
  }

  private void print(String... cells) {
    StringBuilder line = new StringBuilder();
    for (int c = 0; c < cells.length; c++) {
      String cell = c == 0 ? Cells.path(cells[c]) : Cells.name(cells[c]);
      widen(c, cell);
      line.append(Cells.padded(cell, widths[c] + 2));
    }
    out.line(line.toString().stripTrailing());
  }

  private void widen(int column, String cell) {
    widths[column] = Math.max(widths[column], Cells.width(cell));
  }

  private static String percent(double probability) {
    return String.format(Locale.ROOT, "%6.2f %%", 100 * probability);
  }

  private static String bar(double probability) {
    int eighths = (int) Math.round(probability * BAR_CELLS * 8);
    String part = eighths % 8 == 0 ? "" : String.valueOf(EIGHTHS.charAt(eighths % 8));
    return "█".repeat(eighths / 8) + part;
  }
}
