package org.conceptclip.text;

import java.util.stream.IntStream;

/**
 * A text as the text tower reads it: token ids without padding, and the span of each token in the text.
 *
 * <p>The arrays are not copied: callers must not change them.
 *
 * @param ids token ids [tokens], {@code [CLS]} first and {@code [SEP]} last
 * @param charBegin where a token begins [tokens], as an index of Java chars (UTF-16) into the text that was encoded, before
 *     lowercasing and accent stripping
 * @param charEnd where it ends, exclusive [tokens]; equal to its begin for tokens that stand for no text
 * @param truncated whether tokens were cut off at the end, {@code [SEP]} apart
 */
public record TokenizedText(int[] ids, int[] charBegin, int[] charEnd, boolean truncated) {

  public TokenizedText {
    if (charBegin.length != ids.length || charEnd.length != ids.length) {
      throw new IllegalArgumentException(
          ids.length + " ids with " + charBegin.length + " begins and " + charEnd.length + " ends");
    }
  }

  /** Tokens, special ones included. */
  public int length() {
    return ids.length;
  }

  /**
   * Positions in {@link #ids} of the tokens that overlap the chars {@code begin} (inclusive) to {@code end} (exclusive), in
   * order. Tokens that stand for no text never do, so the result is empty for a span of whitespace, or for one that was cut off.
   *
   * <p>This finds a concept or class name inside a caption or prompt, as the pre-training data's token spans do. The official
   * zero-shot script instead takes, for each word piece of the bare name, its first occurrence anywhere in the prompt: the same
   * tokens, unless a piece of the name also occurs earlier in the prompt or twice in the name.
   *
   * @throws IllegalArgumentException if the span is empty or begins before 0
   */
  public int[] tokensOfSpan(int begin, int end) {
    if (begin < 0 || end <= begin) {
      throw new IllegalArgumentException("span [" + begin + ", " + end + ") must begin at 0 or later and hold a char");
    }
    return IntStream.range(0, ids.length)
        .filter(i -> charBegin[i] < charEnd[i] && charBegin[i] < end && charEnd[i] > begin)
        .toArray();
  }
}
