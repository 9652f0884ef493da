package org.conceptclip.util;

/** Text of users, files and libraries inside messages of one line. */
public final class OneLine {
  private static final int LONGEST = 200;

  private OneLine() {}

  /**
   * The text with line breaks and runs of blanks as one space, other control characters as question marks and the raw bytes of
   * {@link FileNames} as {@code \xE9}, cut to 200 characters.
   */
  public static String of(String text) {
    return of(text, LONGEST);
  }

  /** {@link #of(String)}, cut to another length; where something was cut off, {@code ...} follows. */
  public static String of(String text, int longest) {
    StringBuilder line = new StringBuilder();
    String source = String.valueOf(text).strip();
    boolean blank = false;
    int length = 0;
    for (int at = 0; at < source.length(); at += Character.charCount(source.codePointAt(at))) {
      int character = source.codePointAt(at);
      boolean wasBlank = blank;
      blank = Character.isWhitespace(character) || Character.isSpaceChar(character);
      if (blank && wasBlank) {
        continue;
      }
      if (length++ == longest) {
        return line.append("...").toString();
      }
      if (FileNames.isRaw(character)) {
        line.append(FileNames.readable(character));
        continue;
      }
      boolean printable = Character.isDefined(character) && !Character.isISOControl(character)
          && Character.getType(character) != Character.FORMAT && Character.getType(character) != Character.SURROGATE;
      line.appendCodePoint(blank ? ' ' : printable ? character : '?');
    }
    return line.toString();
  }

  /** {@link #of(String)} in double quotes. */
  public static String quoted(String text) {
    return quoted(text, LONGEST);
  }

  /** {@link #of(String, int)} in double quotes. */
  public static String quoted(String text, int longest) {
    return '"' + of(text, longest) + '"';
  }
}
