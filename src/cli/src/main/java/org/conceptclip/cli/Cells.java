package org.conceptclip.cli;

import org.conceptclip.util.OneLine;

/** Texts as cells of tables for people: on one line, and no wider than a cell may be. */
final class Cells {
  /** Characters of a cell. */
  static final int WIDEST = 48;

  private static final int LONGEST_NAME = 4096;
  private static final String CUT = "…";

  private Cells() {}

  /** A file's name may hold anything, line ends and a terminal's commands included; long paths keep their end, which tells them apart. */
  static String path(String image) {
    String cell = OneLine.of(image, LONGEST_NAME);
    if (width(cell) <= WIDEST) {
      return cell;
    }
    int[] points = cell.codePoints().toArray();
    return CUT + new String(points, points.length - WIDEST + 1, WIDEST - 1);
  }

  /** Long names keep their beginning. */
  static String name(String name) {
    if (width(name) <= WIDEST) {
      return name;
    }
    int[] points = name.codePoints().toArray();
    return new String(points, 0, WIDEST - 1) + CUT;
  }

  /** Characters of a cell. */
  static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }

  /** A cell with blanks behind it, up to the width of its column. */
  static String padded(String cell, int width) {
    return cell + " ".repeat(Math.max(0, width - width(cell)));
  }
}
