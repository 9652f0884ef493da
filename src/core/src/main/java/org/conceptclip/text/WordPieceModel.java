package org.conceptclip.text;

/**
 * All that decides which ids a text becomes: what a {@code tokenizer.json} says. Immutable.
 *
 * @param tokens the vocabulary, added tokens apart
 * @param specials tokens that are found in a text as they are spelled, before anything else is done with it
 * @param unknown id of a word that has no pieces
 * @param prefix what begins the pieces inside a word, {@code ##}
 * @param longestWord code points of a word, after normalisation; a longer one is unknown
 * @param first ids in front of every text
 * @param last ids behind it
 * @param size the highest id plus one
 * @param normalizer what is done with a text before it is cut
 */
record WordPieceModel(
    TokenTable tokens, Specials specials, int unknown, String prefix, int longestWord, int[] first, int[] last, int size,
    Normalizer normalizer) {

  /**
   * BERT's normalizer.
   *
   * @param clean drops control characters and makes every whitespace a blank
   * @param spaceIdeographs makes every CJK ideograph a word
   * @param stripAccents decomposes and drops accents
   * @param lowercase makes letters lowercase
   */
  record Normalizer(boolean clean, boolean spaceIdeographs, boolean stripAccents, boolean lowercase) {}

  /** Special tokens, and a quick way to tell that none begins with a character. */
  static final class Specials {
    private final TokenTable table = new TokenTable();
    private final boolean[] first = new boolean[128];
    private boolean beyondAscii;

    /** Adds a token; returns -1, or the id under which it is there already. */
    int add(String token, int id) {
      char begin = token.charAt(0);
      if (begin < first.length) {
        first[begin] = true;
      } else {
        beyondAscii = true;
      }
      return table.add(token, id);
    }

    boolean mayBeginWith(char c) {
      return c < first.length ? first[c] : beyondAscii;
    }

    /**
     * As {@link TokenTable#longestMatch}, but where it ends counts from {@code at}.
     *
     * @param ahead room for {@link #longest} characters
     */
    long longestMatch(String text, int at, char[] ahead) {
      int length = Math.min(table.longest(), text.length() - at);
      text.getChars(at, at + length, ahead, 0);
      return table.longestMatch(ahead, 0, length, 0, 0);
    }

    int longest() {
      return table.longest();
    }
  }
}
