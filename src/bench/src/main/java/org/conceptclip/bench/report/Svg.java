package org.conceptclip.bench.report;

import java.util.Locale;

/** Parts of pictures. Colours are classes, so that the page's style sheet can choose them for dark and for light. */
final class Svg {
  /** Classes {@code s0} and {@code l0} to one below. */
  static final int COLOURS = 8;

  private Svg() {}

  /** A picture that fits the page's width; the caller closes it. */
  static Markup begin(int width, int height, String title) {
    return new Markup()
        .open("svg", "xmlns", "http://www.w3.org/2000/svg", "viewBox", "0 0 " + width + " " + height, "role", "img", "aria-label", title)
        .leaf("title", title);
  }

  static void line(Markup svg, String style, double x1, double y1, double x2, double y2) {
    svg.empty("line", "class", style, "x1", number(x1), "y1", number(y1), "x2", number(x2), "y2", number(y2));
  }

  static void text(Markup svg, String style, double x, double y, String anchor, String text) {
    svg.leaf("text", text, "class", style, "x", number(x), "y", number(y), "text-anchor", anchor);
  }

  /** A coordinate: a tenth of a pixel is more than a screen shows. */
  static String number(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("a coordinate is " + value);
    }
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
