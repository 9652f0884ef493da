package org.conceptclip.bench.report;

import java.util.List;
import java.util.Locale;

/** Lying bars from 0, each under its label, with whiskers from quartile to quartile. */
final class BarChart {
  private static final int WIDTH = 760;
  private static final int LEFT = 8;
  /** Room for the value behind the longest bar. */
  private static final int RIGHT = 96;
  private static final int ROW = 42;
  private static final int BAR = 16;
  private static final int FOOT = 24;

  private BarChart() {}

  /**
   * One bar.
   *
   * @param label above it
   * @param value its length
   * @param low end of the whisker; equal to {@code high} for none
   * @param high end of the whisker
   * @param colour index of the palette
   */
  record Bar(String label, double value, double low, double high, int colour) {}

  static Markup draw(String title, String unit, List<Bar> bars) {
    int height = bars.size() * ROW + FOOT;
    double largest = bars.stream().mapToDouble(bar -> Math.max(bar.value(), bar.high())).max().orElse(1);
    Axis axis = Axis.linear(largest, LEFT, WIDTH - RIGHT);
    Markup svg = Svg.begin(WIDTH, height, title);
    for (var tick : axis.ticks()) {
      double x = axis.place(tick.getKey());
      Svg.line(svg, "grid", x, 0, x, height - FOOT);
      Svg.text(svg, "tick", x, height - 8, tick.getKey() == 0 ? "start" : "middle", tick.getValue());
    }
    Svg.text(svg, "tick", WIDTH - 4, height - 8, "end", unit);
    for (int i = 0; i < bars.size(); i++) {
      bar(svg, axis, bars.get(i), unit, i * ROW);
    }
    return svg.close();
  }

  private static void bar(Markup svg, Axis axis, Bar bar, String unit, double top) {
    double y = top + 20;
    double end = axis.pixel(bar.value());
    Svg.text(svg, "label", LEFT, top + 14, "start", bar.label());
    svg.open("rect", "class", "s" + bar.colour(), "x", Svg.number(LEFT), "y", Svg.number(y), "width",
        Svg.number(Math.max(1, end - LEFT)), "height", "" + BAR, "rx", "2");
    svg.leaf("title", bar.label() + ": " + Figures.of(bar.value()) + " " + unit
        + (bar.high() > bar.low()
            ? String.format(Locale.ROOT, " (quartiles %s to %s)", Figures.of(bar.low()), Figures.of(bar.high()))
            : ""));
    svg.close();
    double text = end;
    if (bar.high() > bar.low()) {
      double middle = y + BAR / 2.0;
      double low = axis.pixel(bar.low());
      double high = axis.pixel(bar.high());
      Svg.line(svg, "whisker", low, middle, high, middle);
      Svg.line(svg, "whisker", low, middle - 4, low, middle + 4);
      Svg.line(svg, "whisker", high, middle - 4, high, middle + 4);
      text = Math.max(end, high);
    }
    Svg.text(svg, "value", text + 6, y + BAR - 4, "start", Figures.of(bar.value()));
  }
}
