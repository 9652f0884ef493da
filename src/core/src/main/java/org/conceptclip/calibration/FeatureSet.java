package org.conceptclip.calibration;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import org.conceptclip.calibration.Calibration.Agreement;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;

/** L2-normalised features of some images, to compare them with those of the same images computed otherwise. */
record FeatureSet(List<double[]> features) {
  /**
   * Computes features.
   *
   * @param images U8 [size, size, 3] each
   * @param done receives the number of images of each pass
   */
  static FeatureSet of(Encoder encoder, List<HostTensor> images, IntConsumer done) {
    List<double[]> features = new ArrayList<>();
    int step = encoder.limits().images();
    for (int first = 0; first < images.size(); first += step) {
      List<HostTensor> pass = images.subList(first, Math.min(images.size(), first + step));
      HostTensor found = encoder.encodeImages(pass, Detail.FEATURES, nanos -> {}).features();
      for (int image = 0; image < pass.size(); image++) {
        features.add(found.rows(image, 1).toDoubleArray());
      }
      done.accept(pass.size());
    }
    return new FeatureSet(features);
  }

  /** The first of these features. */
  FeatureSet first(int count) {
    return new FeatureSet(features.subList(0, count));
  }

  /** Cosine of each image's features to those in {@code other}, in ascending order. */
  double[] cosines(FeatureSet other) {
    double[] cosines = new double[features.size()];
    Arrays.setAll(cosines, image -> cosine(features.get(image), other.features.get(image)));
    Arrays.sort(cosines);
    return cosines;
  }

  /** Lowest and median cosine. */
  Agreement agreement(FeatureSet other) {
    double[] cosines = cosines(other);
    int middle = cosines.length / 2;
    double median = cosines.length % 2 == 1 ? cosines[middle] : (cosines[middle - 1] + cosines[middle]) / 2;
    return new Agreement(cosines[0], median);
  }

  /** One minus the mean cosine. */
  double loss(FeatureSet other) {
    return 1 - Arrays.stream(cosines(other)).average().orElseThrow();
  }

  private static double cosine(double[] one, double[] other) {
    double product = 0;
    double oneSquared = 0;
    double otherSquared = 0;
    for (int i = 0; i < one.length; i++) {
      product += one[i] * other[i];
      oneSquared += one[i] * one[i];
      otherSquared += other[i] * other[i];
    }
    return Math.min(1, product / Math.sqrt(oneSquared * otherSquared));
  }
}
