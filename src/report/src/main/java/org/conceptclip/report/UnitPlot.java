package org.conceptclip.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A square over shares from 0 to 1 on both axes, with its diagonal, lines, and a legend at its side: for curves that are read against the
 * diagonal. Columns below, over the same horizontal axis, say how much stands behind each part of it.
 */
public final class UnitPlot {
  private static final int WIDTH = 760;
  private static final double LEFT = 64;
  private static final double RIGHT = 464;
  private static final double TOP = 8;
  private static final double BOTTOM = 408;
  private static final double LEGEND = RIGHT + 28;
  private static final int LEGEND_ROW = 22;
  private static final double COLUMNS = 72;
  private static final double GAP = 14;
  private static final double FOOT = 42;
  /** Letters that fit beside the square. */
  private static final int LONGEST_NAME = 38;

  private UnitPlot() {}

  /**
   * A line through points (x and y from 0 to 1, in order of x), each with a dot if {@code marked}, with its name in the legend.
   *
   * @param loose points beside the line, drawn as rings: too little stands behind them to lead the eye
   */
  public record Line(String name, List<double[]> points, boolean marked, List<double[]> loose) {}

  /** A column over a part of the horizontal axis; the title shows when it is pointed at. */
  public record Column(double from, double to, double value, String title) {}

  /** @param columns none for no columns */
  public static Markup draw(String title, String xLabel, String yLabel, List<Line> lines, List<Column> columns) {
    double floor = columns.isEmpty() ? BOTTOM : BOTTOM + GAP + COLUMNS;
    Axis x = unit(LEFT, RIGHT);
    Axis y = unit(BOTTOM, TOP);
    Markup svg = Markup.svg(WIDTH, (int) Math.max(floor + FOOT, TOP + LEGEND_ROW * (lines.size() + 1)), title);
    for (var tick : x.ticks()) {
      double across = x.place(tick.getKey());
      double up = y.place(tick.getKey());
      svg.line("grid", LEFT, up, RIGHT, up).label("tick", LEFT - 6, up + 4, "end", tick.getValue())
          .line("grid", across, TOP, across, floor).label("tick", across, floor + 16, "middle", tick.getValue());
    }
    svg.label("tick", (LEFT + RIGHT) / 2, floor + 36, "middle", xLabel)
        .leaf("text", yLabel, "class", "tick", "text-anchor", "middle", "transform", "translate(14 " + (TOP + BOTTOM) / 2 + ") rotate(-90)")
        .line("diagonal", LEFT, BOTTOM, RIGHT, TOP);
    columns(svg, x, columns, floor);
    for (int i = 0; i < lines.size(); i++) {
      line(svg, x, y, lines.get(i), i);
    }
    return svg.close();
  }

  private static void columns(Markup svg, Axis x, List<Column> columns, double floor) {
    double largest = columns.stream().mapToDouble(Column::value).max().orElse(0);
    for (Column column : columns) {
      double height = largest > 0 ? column.value() / largest * COLUMNS : 0;
      svg.open("rect", "class", "s5", "x", x.place(column.from()) + 1, "y", floor - height,
          "width", x.place(column.to()) - x.place(column.from()) - 2, "height", height).leaf("title", column.title()).close();
    }
    if (!columns.isEmpty()) {
      svg.line("grid", LEFT, floor, RIGHT, floor).label("tick", LEFT - 6, floor - COLUMNS + 9, "end",
          largest == Math.rint(largest) ? String.format(Locale.ROOT, "%.0f", largest) : Figures.of(largest))
          .label("tick", LEFT - 6, floor + 4, "end", "0");
    }
  }

  private static void line(Markup svg, Axis x, Axis y, Line line, int index) {
    int colour = index % Markup.COLOURS;
    svg.empty("polyline", "class", "line l" + colour, "points", line.points().stream()
        .map(point -> Markup.number(x.place(point[0])) + "," + Markup.number(y.place(point[1]))).collect(Collectors.joining(" ")));
    if (line.marked()) {
      dots(svg, x, y, line.points(), "s" + colour, line.name());
    }
    dots(svg, x, y, line.loose(), "line l" + colour, line.name());
    double top = TOP + index * LEGEND_ROW;
    svg.empty("rect", "class", "s" + colour, "x", LEGEND, "y", top, "width", 12, "height", 10, "rx", 2)
        .label("label", LEGEND + 18, top + 9.5, "start", clipped(line.name()));
  }

  private static void dots(Markup svg, Axis x, Axis y, List<double[]> points, String style, String name) {
    for (double[] point : points) {
      svg.open("circle", "class", style, "cx", x.place(point[0]), "cy", y.place(point[1]), "r", "3.5")
          .leaf("title", name + ": " + Figures.of(point[0]) + ", " + Figures.of(point[1])).close();
    }
  }

  private static String clipped(String name) {
    return name.codePointCount(0, name.length()) <= LONGEST_NAME
        ? name : name.substring(0, name.offsetByCodePoints(0, LONGEST_NAME - 1)) + "\u2026";
  }

  /** From 0 to 1 with a mark at every fifth. */
  private static Axis unit(double from, double to) {
    return new Axis(0, 1, from, to, false, IntStream.rangeClosed(0, 5)
        .mapToObj(fifth -> Map.entry(fifth / 5.0, String.format(Locale.ROOT, "%.1f", fifth / 5.0))).toList());
  }
}
