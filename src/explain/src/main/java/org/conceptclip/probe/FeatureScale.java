package org.conceptclip.probe;

/**
 * Mean and standard deviation (of the population, as scikit-learn's {@code StandardScaler}) of each feature. A feature that is constant has
 * scale 1. The arrays must not be changed.
 *
 * @param mean [features]
 * @param scale [features], larger than 0
 */
public record FeatureScale(double[] mean, double[] scale) {
  /** Mean and deviation of the columns, in two passes. */
  public static FeatureScale of(FeatureRows features) {
    int columns = features.columns();
    double[] mean = new double[columns];
    double[] squares = new double[columns];
    float[] row = new float[columns];
    for (int i = 0; i < features.rows(); i++) {
      features.copy(i, 1, row);
      for (int j = 0; j < columns; j++) {
        mean[j] += row[j];
      }
    }
    for (int j = 0; j < columns; j++) {
      mean[j] /= features.rows();
    }
    for (int i = 0; i < features.rows(); i++) {
      features.copy(i, 1, row);
      for (int j = 0; j < columns; j++) {
        double distance = row[j] - mean[j];
        squares[j] += distance * distance;
      }
    }
    double[] scale = new double[columns];
    for (int j = 0; j < columns; j++) {
      double deviation = Math.sqrt(squares[j] / features.rows());
      // What is left of a constant after rounding its mean is no deviation.
      scale[j] = deviation > 1e-12 * Math.abs(mean[j]) ? deviation : 1;
    }
    return new FeatureScale(mean, scale);
  }

  /** Turns weights and intercepts of standardised features into those of the features themselves, in place. */
  void toPlain(double[] weights, double[] intercepts) {
    for (int k = 0; k < intercepts.length; k++) {
      for (int j = 0; j < mean.length; j++) {
        weights[k * mean.length + j] /= scale[j];
        intercepts[k] -= weights[k * mean.length + j] * mean[j];
      }
    }
  }

  /** Turns a gradient by plain weights and intercepts into one by those of standardised features, in place. */
  void gradientOfScaled(double[] weights, double[] intercepts) {
    for (int k = 0; k < intercepts.length; k++) {
      for (int j = 0; j < mean.length; j++) {
        weights[k * mean.length + j] = (weights[k * mean.length + j] - mean[j] * intercepts[k]) / scale[j];
      }
    }
  }
}
