package org.conceptclip.text;

import java.util.Arrays;

/**
 * A letter with the combining marks behind it, where some of them are not accents that are dropped. Decomposing a text puts such marks into
 * their canonical order. The library gives them, in their new order, the places in the text of the characters in the old order; so do we.
 * Keeps its arrays from run to run; not thread-safe.
 */
final class MarkRun {
  /** Characters that are put in order. Marks of a longer run, which no writing has, keep their order, so that memory is bounded. */
  static final int LONGEST = 1024;

  /** Parts of a decomposed character, at most. */
  private static final int MOST_PARTS = 4;

  // A part is a code point (21 bits), its order (6 bits), and whether it takes the place of a character of the text, as the first part of
  // each character does.
  private static final int ORDER = 21;
  private static final int ORDERS = 1 << 6;
  private static final int MOVES = 1 << 27;

  private final int[] parts = new int[MOST_PARTS * LONGEST];
  private final int[] sorted = new int[MOST_PARTS * LONGEST];
  private final int[] begins = new int[LONGEST];
  private final int[] ends = new int[LONGEST];
  private final int[] starts = new int[ORDERS + 1];
  private int count;

  /** Receives a normalised character and the place in the text that it counts as. */
  interface Receiver {
    void accept(int c, int begin, int end);
  }

  /**
   * Passes on the marks that are kept.
   *
   * @param begin where the letter stands, or the first mark if there is no letter
   * @param end behind the last mark
   */
  void ordered(String text, int begin, int end, WordPieceModel.Normalizer normalizer, Receiver receiver) {
    count = 0;
    int places = 0;
    int next;
    for (int at = begin; at < end; at = next) {
      int c = text.codePointAt(at);
      next = at + Character.charCount(c);
      if (normalizer.clean() && (isSurrogate(c) || (BertCharacters.of(c) & BertCharacters.CONTROL) != 0)) {
        continue;
      }
      if (places == LONGEST) {
        inOrderOfText(text, begin, end, receiver);
        return;
      }
      begins[places] = at;
      ends[places++] = next;
      if (count == 0 && normalizer.spaceIdeographs() && BertCharacters.isIdeograph(c)) {
        parts[count++] = ' ' | MOVES; // the marks stand behind the blank that follows the ideograph
      } else {
        add(c);
      }
    }
    sort();
    int place = -1;
    for (int i = 0; i < count; i++) {
      int c = sorted[i] & (1 << ORDER) - 1;
      place += (sorted[i] & MOVES) != 0 ? 1 : 0;
      if (isKept(c)) {
        receiver.accept(c, begins[place], ends[place]);
      }
    }
  }

  private void add(int c) {
    int[] decomposed = BertCharacters.decomposed(c);
    if (decomposed == null) {
      parts[count++] = c | BertCharacters.order(c) << ORDER | MOVES;
      return;
    }
    for (int i = 0; i < decomposed.length; i++) {
      parts[count++] = decomposed[i] | BertCharacters.order(decomposed[i]) << ORDER | (i == 0 ? MOVES : 0);
    }
  }

  /** Sorts the parts by their order; those of one order stay as they are. */
  private void sort() {
    Arrays.fill(starts, 0);
    for (int i = 0; i < count; i++) {
      starts[order(parts[i]) + 1]++;
    }
    for (int i = 0; i < ORDERS; i++) {
      starts[i + 1] += starts[i];
    }
    for (int i = 0; i < count; i++) {
      sorted[starts[order(parts[i])]++] = parts[i];
    }
  }

  private static int order(int part) {
    return part >> ORDER & ORDERS - 1;
  }

  private static boolean isKept(int c) {
    return (BertCharacters.of(c) & (BertCharacters.ORDERED | BertCharacters.ACCENT)) == BertCharacters.ORDERED;
  }

  private static boolean isSurrogate(int c) {
    return c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
  }

  private static void inOrderOfText(String text, int begin, int end, Receiver receiver) {
    int next;
    for (int at = begin; at < end; at = next) {
      int c = text.codePointAt(at);
      next = at + Character.charCount(c);
      int[] decomposed = BertCharacters.decomposed(c);
      if (decomposed == null) {
        pass(c, at, next, receiver);
      } else {
        for (int part : decomposed) {
          pass(part, at, next, receiver);
        }
      }
    }
  }

  private static void pass(int c, int begin, int end, Receiver receiver) {
    if (isKept(c)) {
      receiver.accept(c, begin, end);
    }
  }
}
