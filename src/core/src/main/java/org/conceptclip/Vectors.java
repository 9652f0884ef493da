package org.conceptclip;

import org.conceptclip.runtime.Encoding;

/** Arithmetic on vectors, and conversion of tensors to arrays. */
final class Vectors {
  private Vectors() {}

  /** Sum of products, in float64. */
  static double dot(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException("vectors of " + a.length + " and " + b.length + " numbers, expected two of one length");
    }
    // Four sums: with one, each addition would have to wait for the previous one.
    double first = 0;
    double second = 0;
    double third = 0;
    double fourth = 0;
    int i = 0;
    for (; i + 4 <= a.length; i += 4) {
      first += (double) a[i] * b[i];
      second += (double) a[i + 1] * b[i + 1];
      third += (double) a[i + 2] * b[i + 2];
      fourth += (double) a[i + 3] * b[i + 3];
    }
    for (; i < a.length; i++) {
      first += (double) a[i] * b[i];
    }
    return first + second + third + fourth;
  }

  /** The vector of one image or text. */
  static float[] vector(Encoding encoding) {
    return encoding.features().toFloatArray();
  }
}
