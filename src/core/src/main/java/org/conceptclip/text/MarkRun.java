package org.conceptclip.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A letter with the combining marks behind it, where some of them are not accents that are dropped. Decomposing a text puts such marks into
 * their canonical order. The library gives them, in their new order, the places in the text of the characters in the old order; so do we.
 */
final class MarkRun {
  /** Characters that are put in order. Marks of a longer run, which no writing has, keep their order, so that memory is bounded. */
  static final int LONGEST = 1024;

  private MarkRun() {}

  /** Receives a normalised character and the place in the text that it counts as. */
  interface Receiver {
    void accept(int c, int begin, int end);
  }

  /** @param moves whether it takes the place of a character of the text, as the first part of each character does */
  private record Part(int c, int order, boolean moves) {}

  private record Place(int begin, int end) {}

  /**
   * Passes on the marks that are kept.
   *
   * @param begin where the letter stands, or the first mark if there is no letter
   * @param end behind the last mark
   */
  static void ordered(String text, int begin, int end, WordPieceModel.Normalizer normalizer, Receiver receiver) {
    List<Part> parts = new ArrayList<>();
    List<Place> places = new ArrayList<>();
    int next;
    for (int at = begin; at < end; at = next) {
      int c = text.codePointAt(at);
      next = at + Character.charCount(c);
      if (normalizer.clean() && (isSurrogate(c) || (BertCharacters.of(c) & BertCharacters.CONTROL) != 0)) {
        continue;
      }
      if (places.size() == LONGEST) {
        inOrderOfText(text, begin, end, normalizer, receiver);
        return;
      }
      places.add(new Place(at, next));
      if (parts.isEmpty() && normalizer.spaceIdeographs() && BertCharacters.isIdeograph(c)) {
        parts.add(new Part(' ', 0, true)); // the marks stand behind the blank that follows the ideograph
      } else {
        add(c, parts);
      }
    }
    parts.sort(Comparator.comparingInt(Part::order)); // stable, as the canonical order must be
    int place = -1;
    for (Part part : parts) {
      place += part.moves ? 1 : 0;
      if (isKept(part.c)) {
        receiver.accept(part.c, places.get(place).begin, places.get(place).end);
      }
    }
  }

  private static void add(int c, List<Part> parts) {
    int[] decomposed = BertCharacters.decomposed(c);
    if (decomposed == null) {
      parts.add(new Part(c, BertCharacters.order(c), true));
      return;
    }
    for (int i = 0; i < decomposed.length; i++) {
      parts.add(new Part(decomposed[i], BertCharacters.order(decomposed[i]), i == 0));
    }
  }

  private static boolean isKept(int c) {
    return (BertCharacters.of(c) & (BertCharacters.ORDERED | BertCharacters.ACCENT)) == BertCharacters.ORDERED;
  }

  private static boolean isSurrogate(int c) {
    return c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
  }

  private static void inOrderOfText(String text, int begin, int end, WordPieceModel.Normalizer normalizer, Receiver receiver) {
    int next;
    for (int at = begin; at < end; at = next) {
      int c = text.codePointAt(at);
      next = at + Character.charCount(c);
      int[] decomposed = BertCharacters.decomposed(c);
      for (int part : decomposed == null ? new int[] {c} : decomposed) {
        if (isKept(part)) {
          receiver.accept(part, at, next);
        }
      }
    }
  }
}
