package org.conceptclip.text;

/** Makes other people's messages fit into one line of ours. */
final class OneLine {
  private static final int LIMIT = 200;

  private OneLine() {}

  /** {@code message} with line breaks and runs of spaces as one space, cut to 200 chars. */
  static String of(String message) {
    String line = String.valueOf(message).replaceAll("\\s+", " ").strip();
    return line.length() <= LIMIT ? line : line.substring(0, LIMIT) + "...";
  }
}
