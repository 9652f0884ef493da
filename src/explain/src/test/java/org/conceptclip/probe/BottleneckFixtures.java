package org.conceptclip.probe;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.IntStream;

/** Small bottlenecks and items for tests. */
final class BottleneckFixtures {
  private BottleneckFixtures() {}

  /** Similarities of random items: concept k, and no other, is more visible in items of class k. */
  static double[][] similarities(long seed, int[] y, int concepts) {
    Random random = new Random(seed);
    double[][] rows = new double[y.length][concepts];
    for (int i = 0; i < y.length; i++) {
      for (int j = 0; j < concepts; j++) {
        rows[i][j] = 0.2 + 0.02 * j + 0.03 * random.nextGaussian() + (j == y[i] ? 0.06 : 0);
      }
    }
    return rows;
  }

  static int[] inTurn(int items, int classes) {
    return IntStream.range(0, items).map(i -> i % classes).toArray();
  }

  static List<String> names(String prefix, int count) {
    return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
  }

  static BottleneckLayer layer(List<String> classes, List<String> concepts) {
    double[][] weights = new double[classes.size()][concepts.size()];
    double[] bias = new double[classes.size()];
    double[] means = new double[concepts.size()];
    double[] deviations = new double[concepts.size()];
    for (int j = 0; j < concepts.size(); j++) {
      weights[j % classes.size()][j] = 0.5 + j / 3.0;
      means[j] = 0.1 * j;
      deviations[j] = 0.05 + 0.01 * j;
    }
    for (int k = 0; k < classes.size(); k++) {
      bias[k] = 0.3 * k - 0.1;
    }
    return new BottleneckLayer(classes, concepts, weights, bias, means, deviations);
  }

  static final FeatureSource MODEL = new FeatureSource("sha256:abc", "some model", "squash");

  static Bottleneck local(List<String> classes, List<String> concepts) {
    float[][] vectors = new float[concepts.size()][4];
    for (int j = 0; j < vectors.length; j++) {
      vectors[j][j % 4] = 1;
    }
    return new Bottleneck(layer(classes, concepts), Optional.of(vectors), new BottleneckSimilarity(BottleneckSimilarity.Kind.LOCAL, 5),
        BottleneckPenalty.NONNEGATIVE, 0.01, Optional.of(MODEL), new Bottleneck.Training(12, 0.75, OptionalDouble.of(0.5)));
  }

  static Bottleneck given(List<String> classes, List<String> concepts) {
    return new Bottleneck(layer(classes, concepts), Optional.empty(), new BottleneckSimilarity(BottleneckSimilarity.Kind.GIVEN, 0),
        BottleneckPenalty.L1, 0.02, Optional.empty(), new Bottleneck.Training(12, 0.75, OptionalDouble.empty()));
  }
}
