package org.conceptclip.report;

import java.util.Locale;

/** Numbers for people. */
public final class Figures {
  private Figures() {}

  /** Three significant digits, more for whole numbers, never with an exponent: 0.479, 44.9, 1230, 204113; a dash for no number. */
  public static String of(double value) {
    if (!Double.isFinite(value)) {
      return "-";
    }
    double size = Math.abs(value);
    if (size == 0 || size >= 100) {
      return String.format(Locale.ROOT, "%.0f", value);
    }
    int decimals = Math.max(0, 2 - (int) Math.floor(Math.log10(size)));
    return String.format(Locale.ROOT, "%." + Math.min(decimals, 9) + "f", value);
  }
}
