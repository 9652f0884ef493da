package org.conceptclip.image;

/**
 * Weighted sums of whole arrays. All arrays have one length and are indexed alike: with an offset into one of them the JIT of JDK 25
 * must assume that they overlap, and makes no vector code.
 */
final class RowSums {
  private RowSums() {}

  static void add(int[] row, int weight, int[] sums) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += row[i] * weight;
    }
  }

  /** Four at once: the sums are loaded and stored once. */
  static void add(
      int[] row0, int weight0, int[] row1, int weight1, int[] row2, int weight2, int[] row3, int weight3, int[] sums) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += row0[i] * weight0 + row1[i] * weight1 + row2[i] * weight2 + row3[i] * weight3;
    }
  }
}
