package org.conceptclip.bench.throughput;

import java.util.Arrays;

/**
 * Whether a series of samples stays flat.
 *
 * @param firstQuarter mean of the first quarter of the samples
 * @param lastQuarter mean of the last
 * @param slope least-squares change from the first sample to the last, in the samples' unit
 */
public record Trend(double firstQuarter, double lastQuarter, double slope) {
  /** Of at least four evenly spaced samples. */
  public static Trend of(double... samples) {
    if (samples.length < 4) {
      throw new IllegalArgumentException(samples.length + " samples show no trend, expected at least 4");
    }
    int quarter = samples.length / 4;
    double middle = (samples.length - 1) / 2.0;
    double mean = Arrays.stream(samples).average().orElseThrow();
    double covariance = 0;
    double variance = 0;
    for (int i = 0; i < samples.length; i++) {
      covariance += (i - middle) * (samples[i] - mean);
      variance += (i - middle) * (i - middle);
    }
    return new Trend(mean(samples, 0, quarter), mean(samples, samples.length - quarter, samples.length),
        covariance / variance * (samples.length - 1));
  }

  private static double mean(double[] samples, int from, int to) {
    return Arrays.stream(samples, from, to).average().orElseThrow();
  }

  /** Last quarter over first, less one. */
  public double growth() {
    return lastQuarter / firstQuarter - 1;
  }
}
