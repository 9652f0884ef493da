package org.conceptclip.task;

import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.ImageScores;
import org.conceptclip.tensor.HostTensor;

/**
 * Zero-shot classification: which of the classes that were given in words does an image show?
 *
 * <p>Global probabilities are {@code softmax(logitScale * image . text)}; local ones the softmax of the mean of the top-k {@code
 * conceptScale * patch . concept}; an ensemble is {@code alpha * local + (1 - alpha) * global}. Source: the official zero-shot
 * evaluation. Biases do not take part. Thread-safe; owns nothing.
 */
public final class ZeroShotClassifier {
  private final Encoder encoder;
  private final ClassVectors classes;
  private final ScoringOptions options;

  /**
   * A classifier over {@code classes}.
   *
   * @throws IllegalArgumentException if the scoring uses concepts and the classes have none
   */
  public ZeroShotClassifier(Encoder encoder, ClassVectors classes, ScoringOptions options) {
    if (options.scoring().usesConcepts() && classes.concepts() == null) {
      throw new IllegalArgumentException("classes without concept vectors for " + options.scoring() + " scoring");
    }
    this.encoder = encoder;
    this.classes = classes;
    this.options = options;
  }

  /** The classes, in the order of the probabilities. */
  public ClassVectors classes() {
    return classes;
  }

  /**
   * Probabilities of each image over the classes.
   *
   * @param pixels U8 [B, size, size, 3] or normalised F32 [B, 3, size, size]
   * @return [B][C]; each row sums to 1
   */
  public double[][] classify(HostTensor pixels) {
    HostTensor concepts = options.scoring().usesConcepts() ? classes.concepts() : null;
    ImageScores scores = encoder.scoreImages(pixels, classes.textFeatures(), concepts, options.topK());
    int images = Math.toIntExact(scores.globalLogits().rows());
    double[][] probabilities = new double[images][];
    for (int image = 0; image < images; image++) {
      probabilities[image] = probabilities(scores, image);
    }
    return probabilities;
  }

  private double[] probabilities(ImageScores scores, int image) {
    return options.probabilities(row(scores.globalLogits(), image), row(scores.localLogits(), image));
  }

  private static double[] row(HostTensor logitsOrNull, int image) {
    return logitsOrNull == null ? null : logitsOrNull.rows(image, 1).toDoubleArray();
  }
}
