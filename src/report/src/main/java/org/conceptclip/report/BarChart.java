package org.conceptclip.report;

import java.util.List;

/** Horizontal bars from 0, each under its label, with whiskers from quartile to quartile. */
public final class BarChart {
  private static final int WIDTH = 760;
  private static final int LEFT = 8;
  /** Room for the value behind the longest bar. */
  private static final int RIGHT = 96;
  private static final int ROW = 42;
  private static final int BAR = 16;
  private static final int FOOT = 24;

  private BarChart() {}

  /** A bar with a whisker from low to high, unless they are equal. The colour is an index of the palette. */
  public record Bar(String label, double value, double low, double high, int colour) {
    boolean hasWhisker() {
      return high > low;
    }
  }

  public static Markup draw(String title, String unit, List<Bar> bars) {
    int height = bars.size() * ROW + FOOT;
    double largest = bars.stream().mapToDouble(bar -> Math.max(bar.value(), bar.high())).max().orElse(1);
    Axis axis = Axis.linear(largest, LEFT, WIDTH - RIGHT);
    Markup svg = Markup.svg(WIDTH, height, title);
    for (var tick : axis.ticks()) {
      double x = axis.place(tick.getKey());
      svg.line("grid", x, 0, x, height - FOOT).label("tick", x, height - 8, tick.getKey() == 0 ? "start" : "middle", tick.getValue());
    }
    svg.label("tick", WIDTH - 4, height - 8, "end", unit);
    for (int i = 0; i < bars.size(); i++) {
      draw(svg, axis, bars.get(i), unit, i * ROW);
    }
    return svg.close();
  }

  private static void draw(Markup svg, Axis axis, Bar bar, String unit, double top) {
    double y = top + 20;
    double end = axis.pixel(bar.value());
    String value = Figures.of(bar.value());
    String quartiles = bar.hasWhisker() ? " (quartiles " + Figures.of(bar.low()) + " to " + Figures.of(bar.high()) + ")" : "";
    svg.label("label", LEFT, top + 14, "start", bar.label())
        .open("rect", "class", "s" + bar.colour(), "x", (double) LEFT, "y", y, "width", Math.max(1, end - LEFT), "height", BAR, "rx", 2)
        .leaf("title", bar.label() + ": " + value + " " + unit + quartiles).close();
    if (bar.hasWhisker()) {
      double middle = y + BAR / 2.0;
      double low = axis.pixel(bar.low());
      double high = axis.pixel(bar.high());
      svg.line("whisker", low, middle, high, middle).line("whisker", low, middle - 4, low, middle + 4)
          .line("whisker", high, middle - 4, high, middle + 4);
      end = Math.max(end, high);
    }
    svg.label("value", end + 6, y + BAR - 4, "start", value);
  }
}
