package org.conceptclip.report;

import java.util.List;
import java.util.stream.Collectors;

/** Lines through points over shared axes, with a legend above. */
public final class LineChart {
  /** Pixels of the axes. Those of the vertical one run downwards. */
  public static final double LEFT = 64;
  public static final double RIGHT = 736;
  public static final double TOP = 8;
  public static final double BOTTOM = 280;
  private static final int WIDTH = 760;
  private static final int HEIGHT = 320;
  private static final int LEGEND_ROW = 18;
  /** Mean width of a letter at the legend's size: SVG without a script cannot measure text. */
  private static final double LETTER = 6.6;

  private LineChart() {}

  /** A line through points (x and y, in order of x) with its name in the legend. */
  public record Series(String name, List<double[]> points) {}

  public static Markup draw(String title, Axis x, String xLabel, Axis y, String yLabel, List<Series> lines) {
    Markup legend = new Markup();
    int legendHeight = legend(legend, lines);
    Markup svg = Markup.svg(WIDTH, HEIGHT + legendHeight, title).add(legend)
        .open("g", "transform", "translate(0 " + legendHeight + ")");
    for (var tick : y.ticks()) {
      double at = y.place(tick.getKey());
      svg.line("grid", LEFT, at, RIGHT, at).label("tick", LEFT - 6, at + 4, "end", tick.getValue());
    }
    for (var tick : x.ticks()) {
      double at = x.place(tick.getKey());
      svg.line("grid", at, TOP, at, BOTTOM).label("tick", at, BOTTOM + 16, "middle", tick.getValue());
    }
    svg.label("tick", (LEFT + RIGHT) / 2, HEIGHT - 6, "middle", xLabel)
        .leaf("text", yLabel, "class", "tick", "text-anchor", "middle", "transform", "translate(14 " + BOTTOM / 2 + ") rotate(-90)");
    for (int i = 0; i < lines.size(); i++) {
      draw(svg, x, y, lines.get(i), i % Markup.COLOURS);
    }
    return svg.close().close();
  }

  private static void draw(Markup svg, Axis x, Axis y, Series series, int colour) {
    svg.empty("polyline", "class", "line l" + colour, "points", series.points().stream()
        .map(point -> Markup.number(x.pixel(point[0])) + "," + Markup.number(y.pixel(point[1]))).collect(Collectors.joining(" ")));
    for (double[] point : series.points()) {
      svg.open("circle", "class", "s" + colour, "cx", x.pixel(point[0]), "cy", y.pixel(point[1]),
          "r", series.points().size() > 40 ? "1.5" : "3").leaf("title", series.name() + ": " + Figures.of(point[1])).close();
    }
  }

  /** Returns its height. */
  private static int legend(Markup svg, List<Series> lines) {
    double x = LEFT;
    int row = 0;
    for (int i = 0; i < lines.size(); i++) {
      double width = 22 + LETTER * lines.get(i).name().length();
      if (x > LEFT && x + width > RIGHT) {
        x = LEFT;
        row++;
      }
      double y = row * LEGEND_ROW + 4;
      svg.empty("rect", "class", "s" + i % Markup.COLOURS, "x", x, "y", y, "width", 12, "height", 10, "rx", 2)
          .label("label", x + 17, y + 9.5, "start", lines.get(i).name());
      x += width + 14;
    }
    return (row + 1) * LEGEND_ROW + 6;
  }
}
