package org.conceptclip.explain;

/**
 * The arithmetic of the official concept annotation, in float64 and without a model.
 *
 * <pre>
 * global  = softmax(logitScale * image . text)                                       over [negative, positive]
 * local   = softmax(mean over ALL patches of conceptLogitScale * patch . lastToken)  over [negative, positive]
 * blended = alpha * global + (1 - alpha) * local
 * score   = softmax(blended)[positive]
 * </pre>
 *
 * <p>All vectors are L2-normalised here. Four things are unlike the official zero-shot classification: the patches' token is the one at the
 * last position <em>of the padded text</em>, which most often is padding; all patches count, not the best; there is a second softmax, over
 * two numbers from 0 to 1, so that a score lies between 0.27 and 0.73; and alpha weighs the global part. Source: {@code
 * downstream_evaluation/medical_concept_annotation/concept_annotation.py} of the official repository JerrryNie/ConceptCLIP.
 *
 * @param global probabilities of the whole image [negative, positive]
 * @param local probabilities of the patches [negative, positive]
 * @param blended both, weighed [negative, positive]
 * @param score of the concept, which the official script computes its AUC from
 */
public record OfficialAnnotation(double[] global, double[] local, double[] blended, double score) {
  /** Weight of the global part in the official script. */
  public static final double OFFICIAL_ALPHA = 0.5;

  /** Below this a vector is divided by it instead of its length, as PyTorch's {@code normalize} does. */
  private static final double SMALLEST_NORM = 1e-12;

  /**
   * A prompt as the model sees it.
   *
   * @param feature of the whole text [dimension]
   * @param lastToken in the concept space, at the last position of the padded text [dimension]
   */
  public record Prompt(double[] feature, double[] lastToken) {}

  /**
   * An image, prepared for any number of concepts.
   *
   * @param feature of the whole image [dimension], L2-normalised
   * @param meanPatch mean of the L2-normalised patches [dimension]. The mean of the patches' products with a vector is this one's product
   */
  public record Image(double[] feature, double[] meanPatch) {
    /**
     * @param feature of the whole image [dimension]
     * @param patches in the concept space [patches][dimension], not normalised
     */
    public static Image of(double[] feature, double[][] patches) {
      double[] mean = new double[patches[0].length];
      for (double[] patch : patches) {
        double norm = norm(patch);
        for (int i = 0; i < mean.length; i++) {
          mean[i] += patch[i] / norm / patches.length;
        }
      }
      return new Image(normalised(feature), mean);
    }
  }

  /**
   * Annotates an image with one concept.
   *
   * @param alpha weight of the global part, 0 to 1
   */
  public static OfficialAnnotation of(
      Image image, Prompt negative, Prompt positive, double logitScale, double conceptLogitScale, double alpha) {
    double[] global = softmax(
        logitScale * dot(image.feature(), normalised(negative.feature())),
        logitScale * dot(image.feature(), normalised(positive.feature())));
    double[] local = softmax(
        conceptLogitScale * dot(image.meanPatch(), normalised(negative.lastToken())),
        conceptLogitScale * dot(image.meanPatch(), normalised(positive.lastToken())));
    double[] blended = {alpha * global[0] + (1 - alpha) * local[0], alpha * global[1] + (1 - alpha) * local[1]};
    return new OfficialAnnotation(global, local, blended, softmax(blended[0], blended[1])[1]);
  }

  /** Whether the concept is annotated, in the official script: whether the blend is larger for the positive prompt. */
  public boolean positive() {
    return blended[1] > blended[0];
  }

  static double[] softmax(double negative, double positive) {
    double most = Math.max(negative, positive);
    double first = Math.exp(negative - most);
    double second = Math.exp(positive - most);
    return new double[] {first / (first + second), second / (first + second)};
  }

  private static double[] normalised(double[] vector) {
    double norm = norm(vector);
    double[] result = new double[vector.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = vector[i] / norm;
    }
    return result;
  }

  private static double norm(double[] vector) {
    return Math.max(Math.sqrt(dot(vector, vector)), SMALLEST_NORM);
  }

  private static double dot(double[] a, double[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException("vectors of " + a.length + " and " + b.length + " numbers");
    }
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
