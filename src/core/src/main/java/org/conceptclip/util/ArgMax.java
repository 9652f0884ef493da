package org.conceptclip.util;

/** Where the largest number is. */
public final class ArgMax {
  private ArgMax() {}

  /**
   * The index of the largest number, of equal ones the first.
   *
   * @param values at least one, no NaN
   */
  public static int of(double[] values) {
    int largest = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] > values[largest]) {
        largest = i;
      }
    }
    return largest;
  }
}
