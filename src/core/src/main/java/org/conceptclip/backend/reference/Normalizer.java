package org.conceptclip.backend.reference;

/** LayerNorm of one row in float64, in two passes: the mean is subtracted before squaring, so that a large mean does no harm. */
final class Normalizer {
  private final double[] weight;
  private final double[] bias;
  private final double epsilon;

  Normalizer(ReferenceWeights.Norm weights) {
    this.weight = weights.weight().toDoubleArray();
    this.bias = weights.bias().toDoubleArray();
    this.epsilon = weights.epsilon();
  }

  /** The normalised row; {@code x} is not changed. */
  double[] apply(double[] x) {
    double mean = 0;
    for (double value : x) {
      mean += value;
    }
    mean /= x.length;
    double variance = 0;
    for (double value : x) {
      variance += (value - mean) * (value - mean);
    }
    variance /= x.length;
    double deviation = Math.sqrt(variance + epsilon);
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = (x[i] - mean) / deviation * weight[i] + bias[i];
    }
    return out;
  }
}
