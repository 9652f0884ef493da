package org.conceptclip.op;

import java.util.Arrays;
import java.util.List;

/**
 * The token ids of several texts, one after the other.
 *
 * <p>Each token has an explicit position in its text. A token that is masked out in the middle of a text can therefore be left
 * out (or moved to the end, in a dense batch) without shifting the others. Immutable by convention, like {@link Sequences}.
 *
 * @param ids vocabulary index of each row
 * @param positions position index of each row
 * @param sequences which rows belong to which text; within a text, padding comes last
 */
public record TokenBatch(int[] ids, int[] positions, Sequences sequences) {
  public TokenBatch {
    if (ids.length != sequences.totalRows() || positions.length != ids.length) {
      throw new IllegalArgumentException(
          ids.length + " ids and " + positions.length + " positions for " + sequences.totalRows() + " rows");
    }
  }

  /** Texts without padding, one after the other. Positions start at 0 in each text. */
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

  /** Texts {@code first} (inclusive) to {@code last} (exclusive) as a separate batch. */
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
