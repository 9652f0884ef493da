package org.conceptclip.runtime;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;

/**
 * Pads the texts of a pass to one of few sizes, for a backend that records each shape of work as a graph: packed texts hardly ever have the
 * same number of rows and texts twice. The padding is further texts, behind the real ones, which repeat one token; their results belong to
 * nobody. As a row's bits do not depend on what else is in its batch, a text's features do not depend on its bucket.
 *
 * <p>Rows are rounded up to a multiple of 64, and from 1024 on to one of eight steps between two powers of two: by less than 64 rows or an
 * eighth. The number of texts is the number of rows over a power of two, from 64 rows a text down to 1: it only decides how many results are
 * pooled and projected, a hundredth of a token's work for each, so it may be coarse. Most of the additional texts are empty. In all there
 * are 56 numbers of rows up to 32,768, and for texts of any mean length one or two numbers of texts with each. Pure.
 */
final class TextBuckets {
  private static final int SMALLEST_STEP = 64;
  private static final int STEPS_PER_OCTAVE = 8;
  private static final int MOST_ROWS_PER_TEXT = 64;
  /** So that a pass of a single text and one of three are the same work. */
  private static final int FEWEST_TEXTS = 4;

  private TextBuckets() {}

  /** The numbers of rows that up to so many are padded to, ascending. */
  static List<Integer> rowsUpTo(int most) {
    return Stream.iterate(rows(1), rows -> rows <= rows(most), rows -> rows(rows + 1)).toList();
  }

  /** The number of rows that so many are padded to. */
  static int rows(int rows) {
    int powerBelow = Integer.highestOneBit(Math.max(1, rows - 1));
    int step = Math.max(SMALLEST_STEP, powerBelow / STEPS_PER_OCTAVE);
    return Math.multiplyExact(Math.ceilDiv(rows, step), step);
  }

  /**
   * The number of texts that so many are padded to.
   *
   * @param rows of the pass, as {@link #rows} gives them
   * @param texts at most {@code rows}
   */
  static int texts(int rows, int texts) {
    int padded = rows;
    while (padded / 2 >= Math.max(texts, FEWEST_TEXTS) && rows / (padded / 2) <= MOST_ROWS_PER_TEXT) {
      padded /= 2;
    }
    return padded;
  }

  /**
   * The texts, and behind them others whose results nobody reads: some that attend to their first token alone, then empty ones.
   *
   * @param longest tokens of an additional text, at most
   */
  static TokenBatch padded(TokenBatch texts, int longest) {
    Sequences given = texts.sequences();
    int tokens = given.totalRows();
    int rows = rows(tokens);
    int count = texts(rows, given.count() + Math.ceilDiv(rows - tokens, longest));
    int[] ids = Arrays.copyOf(texts.ids(), rows);
    Arrays.fill(ids, tokens, rows, ids[0]);
    int[] positions = Arrays.copyOf(texts.positions(), rows);
    Arrays.fill(positions, tokens, rows, positions[0]);
    int[] cumulativeRows = Arrays.copyOf(given.cumulativeRows(), count + 1);
    int[] keyLengths = Arrays.copyOf(given.keyLengths(), count);
    for (int s = given.count(); s < count; s++) {
      cumulativeRows[s + 1] = Math.min(rows, cumulativeRows[s] + longest);
      keyLengths[s] = Math.min(1, cumulativeRows[s + 1] - cumulativeRows[s]);
    }
    return new TokenBatch(ids, positions, new Sequences(cumulativeRows, keyLengths));
  }
}
