package org.conceptclip.evaluate;

import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;

/**
 * Items from the highest score to the lowest, sorted once so that every resample takes a single pass. An entry holds its item, whether
 * the item is positive, and whether it is the last one of its score. Immutable after its construction.
 */
final class Ranking {
  private static final int POSITIVE = 1;
  private static final int LAST = 2;
  private static final int ITEM_SHIFT = 2;

  private final int[] entries;

  private Ranking(int[] entries) {
    this.entries = entries;
  }

  /**
   * Ranks items.
   *
   * @param items numbers of the items to rank, each once
   * @param positive whether an item is positive
   * @param score finite; 0 and -0 are the same score
   */
  static Ranking of(int[] items, IntPredicate positive, IntToDoubleFunction score) {
    double[] scores = new double[items.length];
    for (int i = 0; i < items.length; i++) {
      scores[i] = score.applyAsDouble(items[i]) + 0.0; // turns -0 into 0
    }
    double[] distinct = distinct(scores);
    int[] next = new int[distinct.length + 1]; // next[d]: where the next entry of score distinct[d] goes
    int[] place = new int[items.length];
    for (int i = 0; i < items.length; i++) {
      place[i] = Arrays.binarySearch(distinct, scores[i]);
      next[place[i]]++;
    }
    for (int d = distinct.length - 1, at = 0; d >= 0; d--) {
      int size = next[d];
      next[d] = at;
      at += size;
    }
    int[] entries = new int[items.length];
    for (int i = 0; i < items.length; i++) {
      entries[next[place[i]]++] = items[i] << ITEM_SHIFT | (positive.test(items[i]) ? POSITIVE : 0);
    }
    for (int d = 0; d < distinct.length; d++) {
      entries[next[d] - 1] |= LAST;
    }
    return new Ranking(entries);
  }

  private static double[] distinct(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int kept = 0;
    for (int i = 0; i < sorted.length; i++) {
      if (kept == 0 || sorted[i] != sorted[kept - 1]) {
        sorted[kept++] = sorted[i];
      }
    }
    return Arrays.copyOf(sorted, kept);
  }

  /** The entries, highest score first; read them with {@link #item}, {@link #positive} and {@link #last}. */
  int[] entries() {
    return entries;
  }

  static int item(int entry) {
    return entry >>> ITEM_SHIFT;
  }

  /** 1 if the entry's item is positive, else 0: a number, so that loops need no branch that cannot be predicted. */
  static int positive(int entry) {
    return entry & POSITIVE;
  }

  /** Whether the next entry, if there is one, has a lower score. */
  static boolean last(int entry) {
    return (entry & LAST) != 0;
  }
}
