package org.conceptclip.report;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;

/**
 * Writes elements that are well-formed both as HTML and as XML: every one is closed, and every text and attribute is escaped. Colours of
 * pictures are classes, so that the page's style sheet can choose them for dark and for light. Not thread-safe.
 */
public final class Markup {
  /** Classes {@code s0} and {@code l0} to one below. */
  public static final int COLOURS = 8;

  private final StringBuilder out = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  /** A picture that fits the page's width; the caller closes it. */
  public static Markup svg(int width, int height, String title) {
    return new Markup()
        .open("svg", "xmlns", "http://www.w3.org/2000/svg", "viewBox", "0 0 " + width + " " + height, "role", "img", "aria-label", title)
        .leaf("title", title);
  }

  /** Begins an element. */
  public Markup open(String name, Object... namesAndValues) {
    tag(name, namesAndValues);
    out.append('>');
    open.push(name);
    return this;
  }

  /** An element without content. */
  public Markup empty(String name, Object... namesAndValues) {
    tag(name, namesAndValues);
    out.append("/>");
    return this;
  }

  /** An element with text alone. */
  public Markup leaf(String name, String text, Object... namesAndValues) {
    open(name, namesAndValues);
    out.append(escape(text));
    return close();
  }

  /**
   * A script of the page's own. Neither {@code <} nor {@code &} may be in it: so nothing in it can end the element early, and the page
   * stays well-formed XML. Numbers and texts that a script needs go into {@link #data}.
   *
   * @throws IllegalArgumentException if one of them is in it
   */
  public Markup script(String code) {
    return raw(code, "script");
  }

  /**
   * Numbers and texts for a script, which finds them by the identifier. Texts of users are safe in JSON whose {@code <} and {@code &} are
   * written as {@code \u003c} and {@code \u0026}, as Gson does unless it is told otherwise.
   *
   * @throws IllegalArgumentException if the JSON has {@code <} or {@code &}
   */
  public Markup data(String id, String json) {
    return raw(json, "script", "type", "application/json", "id", id);
  }

  private Markup raw(String text, String name, Object... namesAndValues) {
    if (text.indexOf('<') >= 0 || text.indexOf('&') >= 0) {
      throw new IllegalArgumentException("a script with < or &, expected one without");
    }
    open(name, namesAndValues);
    out.append(text);
    return close();
  }

  /** Ends the element that was begun last. */
  public Markup close() {
    out.append("</").append(open.pop()).append('>');
    return this;
  }

  /** Another piece of markup, which is whole. */
  public Markup add(Markup piece) {
    out.append(piece.whole());
    return this;
  }

  public Markup line(String style, double x1, double y1, double x2, double y2) {
    return empty("line", "class", style, "x1", x1, "y1", y1, "x2", x2, "y2", y2);
  }

  public Markup label(String style, double x, double y, String anchor, String text) {
    return leaf("text", text, "class", style, "x", x, "y", y, "text-anchor", anchor);
  }

  /** Everything so far, all elements of which must be closed. */
  public String whole() {
    if (!open.isEmpty()) {
      throw new IllegalStateException("not closed: " + open);
    }
    return out.toString();
  }

  private void tag(String name, Object... namesAndValues) {
    out.append('<').append(name);
    for (int i = 0; i < namesAndValues.length; i += 2) {
      Object value = namesAndValues[i + 1];
      out.append(' ').append(namesAndValues[i]).append("=\"")
          .append(escape(value instanceof Double number ? number(number) : value.toString())).append('"');
    }
  }

  /** A coordinate: a tenth of a pixel is more than a screen shows. */
  public static String number(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("a coordinate is " + value);
    }
    return String.format(Locale.ROOT, "%.1f", value);
  }

  /** Text as it may stand between tags and quotes. Control characters, which XML has no place for, become U+FFFD. */
  public static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length());
    text.codePoints().forEach(c -> {
      switch (c) {
        case '&' -> escaped.append("&amp;");
        case '<' -> escaped.append("&lt;");
        case '>' -> escaped.append("&gt;");
        case '"' -> escaped.append("&quot;");
        case '\'' -> escaped.append("&#39;");
        case '\n', '\t' -> escaped.append((char) c);
        default -> escaped.appendCodePoint(c >= 0x20 && c != 0xFFFE && c != 0xFFFF && !(c >= 0xD800 && c <= 0xDFFF) ? c : 0xFFFD);
      }
    });
    return escaped.toString();
  }
}
