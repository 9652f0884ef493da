package org.conceptclip.backend.reference;

import org.conceptclip.op.Sequences;
import org.conceptclip.tensor.HostTensor;

/**
 * Keys and values of one head of one sequence, padding left out.
 *
 * @param keys [key length][head width]
 * @param values [key length][head width]
 */
record Head(double[][] keys, double[][] values) {
  static Head read(HostTensor from, Sequences sequences, int s, int keyColumn, int valueColumn, int headWidth) {
    double[][] keys = new double[sequences.keyLength(s)][headWidth];
    double[][] values = new double[sequences.keyLength(s)][headWidth];
    for (int i = 0; i < keys.length; i++) {
      Rows.read(from, sequences.start(s) + i, keyColumn, headWidth, keys[i], 0);
      Rows.read(from, sequences.start(s) + i, valueColumn, headWidth, values[i], 0);
    }
    return new Head(keys, values);
  }

  /** {@code softmax(query . keys / sqrt(head width)) . values}. The largest score is subtracted first, so that nothing overflows. */
  double[] attend(double[] query) {
    double scale = 1 / Math.sqrt(query.length);
    double[] scores = new double[keys.length];
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < keys.length; i++) {
      scores[i] = scale * ReferenceOps.dot(query, keys[i]);
      largest = Math.max(largest, scores[i]);
    }
    double total = 0;
    double[] out = new double[query.length];
    for (int i = 0; i < keys.length; i++) {
      double weight = StrictMath.exp(scores[i] - largest);
      total += weight;
      for (int column = 0; column < out.length; column++) {
        out[column] += weight * values[i][column];
      }
    }
    for (int column = 0; column < out.length; column++) {
      out[column] /= total;
    }
    return out;
  }
}
