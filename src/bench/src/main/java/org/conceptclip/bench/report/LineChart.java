package org.conceptclip.bench.report;

import java.util.List;

/** Lines through points over shared axes, with a legend above. */
final class LineChart {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 320;
  private static final int LEFT = 64;
  private static final int RIGHT = 24;
  private static final int FOOT = 40;
  private static final int LEGEND_ROW = 18;
  /** Mean width of a letter at the legend's size: SVG without a script cannot measure text. */
  private static final double LETTER = 6.6;

  private LineChart() {}

  /**
   * One line.
   *
   * @param name in the legend
   * @param points x and y, in order of x
   */
  record Series(String name, List<double[]> points) {}

  static Axis horizontal(List<java.util.Map.Entry<Double, String>> ticks) {
    return Axis.places(ticks, LEFT, WIDTH - RIGHT);
  }

  static Axis horizontal(double largest) {
    return Axis.linear(largest, LEFT, WIDTH - RIGHT);
  }

  /** Pixels run downwards. */
  static Axis vertical(double largest) {
    return Axis.linear(largest, HEIGHT - FOOT, 8);
  }

  static Axis verticalDecades(double smallest, double largest) {
    return Axis.decades(smallest, largest, HEIGHT - FOOT, 8);
  }

  static Markup draw(String title, Axis x, String xLabel, Axis y, String yLabel, List<Series> lines) {
    Markup legend = new Markup();
    int legendHeight = legend(legend, lines);
    Markup svg = Svg.begin(WIDTH, HEIGHT + legendHeight, title).add(legend);
    svg.open("g", "transform", "translate(0 " + legendHeight + ")");
    for (var tick : y.ticks()) {
      double at = y.place(tick.getKey());
      Svg.line(svg, "grid", LEFT, at, WIDTH - RIGHT, at);
      Svg.text(svg, "tick", LEFT - 6, at + 4, "end", tick.getValue());
    }
    for (var tick : x.ticks()) {
      double at = x.place(tick.getKey());
      Svg.line(svg, "grid", at, 8, at, HEIGHT - FOOT);
      Svg.text(svg, "tick", at, HEIGHT - FOOT + 16, "middle", tick.getValue());
    }
    Svg.text(svg, "tick", (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "middle", xLabel);
    svg.leaf("text", yLabel, "class", "tick", "text-anchor", "middle", "transform",
        "translate(14 " + (HEIGHT - FOOT) / 2 + ") rotate(-90)");
    for (int i = 0; i < lines.size(); i++) {
      line(svg, x, y, lines.get(i), i);
    }
    return svg.close().close();
  }

  private static void line(Markup svg, Axis x, Axis y, Series series, int colour) {
    StringBuilder path = new StringBuilder();
    for (double[] point : series.points()) {
      path.append(path.isEmpty() ? 'M' : 'L').append(Svg.number(x.pixel(point[0]))).append(' ').append(Svg.number(y.pixel(point[1])));
    }
    svg.empty("path", "class", "line l" + colour % Svg.COLOURS, "d", path.toString());
    for (double[] point : series.points()) {
      svg.open("circle", "class", "s" + colour % Svg.COLOURS, "cx", Svg.number(x.pixel(point[0])), "cy",
          Svg.number(y.pixel(point[1])), "r", series.points().size() > 40 ? "1.5" : "3");
      svg.leaf("title", series.name() + ": " + Figures.of(point[1])).close();
    }
  }

  /** Returns its height. */
  private static int legend(Markup svg, List<Series> lines) {
    double x = LEFT;
    int row = 0;
    for (int i = 0; i < lines.size(); i++) {
      double width = 22 + LETTER * lines.get(i).name().length();
      if (x > LEFT && x + width > WIDTH - RIGHT) {
        x = LEFT;
        row++;
      }
      double y = row * LEGEND_ROW + 4;
      svg.empty("rect", "class", "s" + i % Svg.COLOURS, "x", Svg.number(x), "y", Svg.number(y), "width", "12", "height", "10", "rx", "2");
      Svg.text(svg, "label", x + 17, y + 9.5, "start", lines.get(i).name());
      x += width + 14;
    }
    return (row + 1) * LEGEND_ROW + 6;
  }
}
