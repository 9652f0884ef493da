package org.conceptclip.explain;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A picture to draw on, in memory. What lies outside is not drawn. Not thread-safe. */
final class Canvas {
  private static final int CHANNELS = 3;
  private static final String CUT = "...";

  private final int width;
  private final int height;

  /** [height, width, 3] */
  private final byte[] rgb;

  Canvas(int width, int height, int background) {
    this.width = width;
    this.height = height;
    this.rgb = new byte[Math.multiplyExact(Math.multiplyExact(width, height), CHANNELS)];
    fill(0, 0, width, height, background);
  }

  int width() {
    return width;
  }

  int height() {
    return height;
  }

  /** The pixels [height, width, 3]; not a copy. */
  byte[] rgb() {
    return rgb;
  }

  void set(int x, int y, int colour) {
    if (x < 0 || y < 0 || x >= width || y >= height) {
      return;
    }
    int at = (y * width + x) * CHANNELS;
    rgb[at] = (byte) (colour >> 16);
    rgb[at + 1] = (byte) (colour >> 8);
    rgb[at + 2] = (byte) colour;
  }

  void fill(int left, int top, int columns, int rows, int colour) {
    for (int y = top; y < top + rows; y++) {
      for (int x = left; x < left + columns; x++) {
        set(x, y, colour);
      }
    }
  }

  /** Draws a line of text, with its top left corner there; each dot is {@code size} pixels wide and high. */
  void text(int left, int top, int size, int colour, String text) {
    int[] characters = text.codePoints().toArray();
    for (int i = 0; i < characters.length; i++) {
      for (int y = 0; y < Glyphs.HEIGHT; y++) {
        for (int x = 0; x < Glyphs.WIDTH; x++) {
          if (Glyphs.isInked(characters[i], x, y)) {
            fill(left + (i * Glyphs.ADVANCE + x) * size, top + y * size, size, size, colour);
          }
        }
      }
    }
  }

  static int textWidth(int size, String text) {
    return Math.max(0, text.codePointCount(0, text.length()) * Glyphs.ADVANCE - 1) * size;
  }

  /**
   * Breaks text into lines at blanks, or within words that are longer than a line.
   *
   * @param characters of a line, at least 4
   * @param most lines; where there would be more, the last one ends in three dots
   */
  static List<String> lines(String text, int characters, int most) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ")) {
      int[] points = word.codePoints().toArray();
      int room = characters - (line.isEmpty() ? 0 : length(line) + 1);
      if (points.length > room && !line.isEmpty()) {
        lines.add(line.toString());
        line.setLength(0);
      }
      for (; points.length > characters; points = Arrays.copyOfRange(points, characters, points.length)) {
        lines.add(new String(points, 0, characters));
      }
      line.append(line.isEmpty() ? "" : " ").append(new String(points, 0, points.length));
    }
    lines.add(line.toString());
    if (lines.size() <= most) {
      return lines;
    }
    int[] last = lines.get(most - 1).codePoints().toArray();
    String kept = new String(last, 0, Math.min(last.length, characters - CUT.length()));
    List<String> first = new ArrayList<>(lines.subList(0, most - 1));
    first.add(kept + CUT);
    return first;
  }

  private static int length(CharSequence text) {
    return Character.codePointCount(text, 0, text.length());
  }
}
