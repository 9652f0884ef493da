package org.conceptclip.op;

import java.util.Arrays;

/**
 * How the rows of a [rows, columns] tensor are divided into sequences.
 *
 * <p>Sequence {@code s} consists of rows {@code cumulativeRows[s]} (inclusive) to {@code cumulativeRows[s + 1]} (exclusive).
 * Attention reads keys and values from its first {@code keyLengths[s]} rows only, and the mean is taken over these rows. The
 * rows after them are padding: they are computed as queries and no other row attends to them. A packed batch has no padding; a
 * dense batch pads every sequence to one length. A sequence may be empty: with such sequences at its end, a batch has as many as the
 * recorded work that it is to run as.
 *
 * <p>Immutable by convention: for speed, the accessors return the arrays themselves, which callers must not change.
 *
 * @param cumulativeRows first row of each sequence, then the total; length {@code count + 1}, starts at 0, never decreasing
 * @param keyLengths number of rows of each sequence that are not padding, from 1 to all of its rows; 0 for an empty sequence
 */
public record Sequences(int[] cumulativeRows, int[] keyLengths) {
  public Sequences {
    if (cumulativeRows.length != keyLengths.length + 1 || cumulativeRows[0] != 0) {
      throw new IllegalArgumentException(
          "cumulative rows " + Arrays.toString(cumulativeRows) + " for " + keyLengths.length + " sequences");
    }
    for (int s = 0; s < keyLengths.length; s++) {
      int rows = cumulativeRows[s + 1] - cumulativeRows[s];
      if (keyLengths[s] < Math.min(1, rows) || keyLengths[s] > rows) {
        throw new IllegalArgumentException("sequence " + s + " has " + rows + " rows and key length " + keyLengths[s]);
      }
    }
  }

  /** {@code count} sequences of {@code rows} rows each, without padding. */
  public static Sequences uniform(int count, int rows) {
    int[] lengths = new int[count];
    Arrays.fill(lengths, rows);
    return packed(lengths);
  }

  /** Sequences of these lengths one after the other, without padding. */
  public static Sequences packed(int... lengths) {
    int[] cumulative = new int[lengths.length + 1];
    for (int s = 0; s < lengths.length; s++) {
      cumulative[s + 1] = Math.addExact(cumulative[s], lengths[s]);
    }
    return new Sequences(cumulative, lengths.clone());
  }

  /** Sequences padded to {@code rows} rows each, of which the first {@code keyLengths[s]} are not padding. */
  public static Sequences dense(int rows, int... keyLengths) {
    return new Sequences(uniform(keyLengths.length, rows).cumulativeRows, keyLengths.clone());
  }

  /** Sequences {@code first} (inclusive) to {@code last} (exclusive), their rows counted from 0. */
  public Sequences range(int first, int last) {
    int[] cumulative = Arrays.copyOfRange(cumulativeRows, first, last + 1);
    int begin = cumulative[0];
    for (int s = 0; s < cumulative.length; s++) {
      cumulative[s] -= begin;
    }
    return new Sequences(cumulative, Arrays.copyOfRange(keyLengths, first, last));
  }

  /** Number of sequences. */
  public int count() {
    return keyLengths.length;
  }

  /** Number of rows of all sequences, padding included. */
  public int totalRows() {
    return cumulativeRows[keyLengths.length];
  }

  /** First row of sequence {@code s}. */
  public int start(int s) {
    return cumulativeRows[s];
  }

  /** Number of rows of sequence {@code s}, padding included. */
  public int rows(int s) {
    return cumulativeRows[s + 1] - cumulativeRows[s];
  }

  /** Number of rows of sequence {@code s} that are not padding. */
  public int keyLength(int s) {
    return keyLengths[s];
  }
}
