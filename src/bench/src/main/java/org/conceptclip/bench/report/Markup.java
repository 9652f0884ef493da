package org.conceptclip.bench.report;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Writes elements that are well-formed both as HTML and as XML: every one is closed, and every text and attribute escaped. Not
 * thread-safe.
 */
final class Markup {
  private final StringBuilder out = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  /** Begins an element. */
  Markup open(String name, String... namesAndValues) {
    tag(name, namesAndValues);
    out.append('>');
    open.push(name);
    return this;
  }

  /** An element without content. */
  Markup empty(String name, String... namesAndValues) {
    tag(name, namesAndValues);
    out.append("/>");
    return this;
  }

  /** An element with text alone. */
  Markup leaf(String name, String text, String... namesAndValues) {
    return open(name, namesAndValues).text(text).close();
  }

  Markup text(String text) {
    out.append(escape(text));
    return this;
  }

  /** Ends the element that was begun last. */
  Markup close() {
    out.append("</").append(open.pop()).append('>');
    return this;
  }

  /** Another piece of markup, which is whole. */
  Markup add(Markup piece) {
    out.append(piece.whole());
    return this;
  }

  /** Everything so far, all elements of which must be closed. */
  String whole() {
    if (!open.isEmpty()) {
      throw new IllegalStateException("not closed: " + open);
    }
    return out.toString();
  }

  private void tag(String name, String... namesAndValues) {
    out.append('<').append(name);
    for (int i = 0; i < namesAndValues.length; i += 2) {
      out.append(' ').append(namesAndValues[i]).append("=\"").append(escape(namesAndValues[i + 1])).append('"');
    }
  }

  /** Text as it may stand between tags and quotes. Control characters, which XML has no place for, become U+FFFD. */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length());
    text.codePoints().forEach(c -> {
      switch (c) {
        case '&' -> escaped.append("&amp;");
        case '<' -> escaped.append("&lt;");
        case '>' -> escaped.append("&gt;");
        case '"' -> escaped.append("&quot;");
        case '\'' -> escaped.append("&#39;");
        case '\n', '\t' -> escaped.append((char) c);
        default -> escaped.appendCodePoint(allowed(c) ? c : 0xFFFD);
      }
    });
    return escaped.toString();
  }

  private static boolean allowed(int c) {
    return c >= 0x20 && c != 0xFFFE && c != 0xFFFF && !(c >= 0xD800 && c <= 0xDFFF);
  }
}
