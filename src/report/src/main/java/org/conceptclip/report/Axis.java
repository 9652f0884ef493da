package org.conceptclip.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Values to pixels, and where marks stand.
 *
 * @param ticks value (after the transformation) to label
 */
public record Axis(double from, double to, double pixelFrom, double pixelTo, boolean logarithmic, List<Map.Entry<Double, String>> ticks) {

  /** From 0 to a round number at or above {@code largest}. */
  public static Axis linear(double largest, double pixelFrom, double pixelTo) {
    double step = step(largest > 0 ? largest : 1);
    int steps = Math.max(1, (int) Math.ceil((largest > 0 ? largest : 1) / step - 1e-9));
    int decimals = Math.max(0, (int) Math.ceil(-Math.log10(step) - 1e-9));
    List<Map.Entry<Double, String>> ticks = new ArrayList<>();
    for (int i = 0; i <= steps; i++) {
      ticks.add(Map.entry(i * step, String.format(Locale.ROOT, "%." + decimals + "f", i * step)));
    }
    return new Axis(0, steps * step, pixelFrom, pixelTo, false, ticks);
  }

  /** Whole decades around the values, all above 0. */
  public static Axis decades(double smallest, double largest, double pixelFrom, double pixelTo) {
    int low = (int) Math.floor(Math.log10(smallest));
    int high = Math.max(low + 1, (int) Math.ceil(Math.log10(largest)));
    List<Map.Entry<Double, String>> ticks = new ArrayList<>();
    for (int decade = low; decade <= high; decade++) {
      ticks.add(Map.entry((double) decade, String.format(Locale.ROOT, "%." + Math.max(0, -decade) + "f", Math.pow(10, decade))));
    }
    return new Axis(low, high, pixelFrom, pixelTo, true, ticks);
  }

  /** Named places: at least one. */
  public static Axis places(List<Map.Entry<Double, String>> ticks, double pixelFrom, double pixelTo) {
    double low = ticks.getFirst().getKey();
    double high = ticks.getLast().getKey();
    double margin = high > low ? 0 : 1;
    return new Axis(low - margin, high + margin, pixelFrom, pixelTo, false, ticks);
  }

  public double pixel(double value) {
    return place(logarithmic ? Math.log10(value) : value);
  }

  /** Pixel of a tick. */
  public double place(double transformed) {
    return pixelFrom + (transformed - from) / (to - from) * (pixelTo - pixelFrom);
  }

  /** 1, 2 or 5 times a power of ten, so that four to eight of them make up the range. */
  private static double step(double range) {
    double power = Math.pow(10, Math.floor(Math.log10(range / 4)));
    double rest = range / 4 / power;
    return power * (rest >= 5 ? 5 : rest >= 2 ? 2 : 1);
  }
}
