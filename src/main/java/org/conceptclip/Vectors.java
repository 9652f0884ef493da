package org.conceptclip;

import org.conceptclip.tensor.HostTensor;

/** Arithmetic on vectors, and tensors as arrays of them. */
final class Vectors {
  private Vectors() {}

  /** Sum of products, in float64. */
  static double dot(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException("vectors of " + a.length + " and " + b.length + " numbers, expected two of one length");
    }
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  /** Rows of a matrix. */
  static float[][] rows(HostTensor matrix) {
    float[][] rows = new float[Math.toIntExact(matrix.rows())][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = matrix.rows(i, 1).toFloatArray();
    }
    return rows;
  }
}
