package org.conceptclip.results;

import java.util.Locale;
import org.conceptclip.evaluate.Interval;
import org.conceptclip.evaluate.Metric;

/** Figures of an evaluation for people: shares with three decimals. */
public final class FigureText {
  private FigureText() {}

  /** 0.917; a dash for a figure that is not defined. */
  public static String of(double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    String text = String.format(Locale.ROOT, "%.3f", value);
    return text.equals("-0.000") ? "0.000" : text;
  }

  /** 0.917 (0.750 to 1.000); without the parentheses if there are no bounds. */
  public static String of(Interval figure) {
    return of(figure.value()) + bounds(figure);
  }

  /** A rank: 7, or 6.5. */
  public static String rank(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, value == Math.rint(value) ? "%.0f" : "%.1f", value);
  }

  /** A rank with its interval: 7 (5 to 9). */
  public static String rank(Interval figure) {
    return rank(figure.value()) + (figure.hasBounds() ? " (" + rank(figure.low()) + " to " + rank(figure.high()) + ")" : "");
  }

  private static String bounds(Interval figure) {
    return figure.hasBounds() ? " (" + of(figure.low()) + " to " + of(figure.high()) + ")" : "";
  }

  /** A metric in words. */
  public static String name(Metric metric) {
    return switch (metric) {
      case ACCURACY -> "accuracy";
      case BALANCED_ACCURACY -> "balanced accuracy";
      case AUROC_MACRO -> "AUROC (macro)";
      case AVERAGE_PRECISION_MACRO -> "average precision (macro)";
      case F1_MACRO -> "F1 (macro)";
      case ECE -> "expected calibration error";
    };
  }
}
