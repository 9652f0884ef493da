package org.conceptclip.weights;

/** Foreign text inside a one-line message. */
public final class Quoting {
  private static final int LONGEST = 120;

  private Quoting() {}

  /** The text in quotes, cut to a readable length, with control characters as question marks. */
  public static String quote(String text) {
    return '"' + plain(text) + '"';
  }

  /** The text without line breaks or other control characters, cut to a readable length. */
  public static String plain(String text) {
    String head = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
    StringBuilder line = new StringBuilder(head.length());
    head.codePoints().forEach(c -> line.appendCodePoint(Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? '?' : c));
    return line.toString();
  }
}
