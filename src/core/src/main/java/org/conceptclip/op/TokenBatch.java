package org.conceptclip.op;

import java.util.Arrays;
import java.util.List;

/**
 * Token ids of several texts as one row of tokens.
 *
 * <p>Each token carries its position in its text, so a token that is masked out in the middle of a text can be left out (or
 * moved behind the others, in a dense batch) without shifting the rest. Immutable by convention, as {@link Sequences}.
 *
 * @param ids vocabulary index per row
 * @param positions position index per row
 * @param sequences which rows belong to which text; within a text, tokens that count come before padding
 */
public record TokenBatch(int[] ids, int[] positions, Sequences sequences) {
  public TokenBatch {
    if (ids.length != sequences.totalRows() || positions.length != ids.length) {
      throw new IllegalArgumentException(
          ids.length + " ids and " + positions.length + " positions for " + sequences.totalRows() + " rows");
    }
  }

  /** Texts without padding, one after the other; positions count from 0 in each. */
  public static TokenBatch packed(List<int[]> texts) {
    Sequences sequences = Sequences.packed(texts.stream().mapToInt(text -> text.length).toArray());
    int[] ids = new int[sequences.totalRows()];
    int[] positions = new int[ids.length];
    for (int s = 0; s < texts.size(); s++) {
      int[] text = texts.get(s);
      System.arraycopy(text, 0, ids, sequences.start(s), text.length);
      for (int i = 0; i < text.length; i++) {
        positions[sequences.start(s) + i] = i;
      }
    }
    return new TokenBatch(ids, positions, sequences);
  }

  /** Texts {@code first} (inclusive) to {@code last} (exclusive) as a batch of their own. */
  public TokenBatch texts(int first, int last) {
    int begin = sequences.cumulativeRows()[first];
    int end = sequences.cumulativeRows()[last];
    return new TokenBatch(
        Arrays.copyOfRange(ids, begin, end),
        Arrays.copyOfRange(positions, begin, end),
        sequences.range(first, last));
  }

  /** Number of texts. */
  public int count() {
    return sequences.count();
  }
}
