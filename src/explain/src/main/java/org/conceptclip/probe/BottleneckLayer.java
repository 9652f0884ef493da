package org.conceptclip.probe;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.conceptclip.task.Labels;

/**
 * The decision of a concept bottleneck: {@code probabilities = softmax(W z + b)}, where {@code z} are the similarities of an image with the
 * concepts, each in standard deviations from its mean over the training images. So a class's score is a sum that can be read term by term:
 * its bias, and for each concept the weight times how much more than usual the concept is seen. Arrays are shared, not copied: callers
 * must not change them.
 *
 * <p>After Yang et al., "Language in a Bottle: Language Model Guided Concept Bottlenecks for Interpretable Image Classification", CVPR
 * 2023, with a sparse penalty in place of its choice of concepts by submodular optimisation.
 *
 * @param classes names of the classes, K, at least 2, all different
 * @param concepts phrases, M, at least 1, all different
 * @param weights [K][M]
 * @param bias [K]
 * @param means [M], of the training images' similarities
 * @param deviations [M], above 0
 */
public record BottleneckLayer(
    List<String> classes, List<String> concepts, double[][] weights, double[] bias, double[] means, double[] deviations) {

  /**
   * A concept that decides.
   *
   * @param index of the concept
   */
  public record Term(int index, String concept, double weight) {}

  public BottleneckLayer {
    classes = Labels.checked("classes", "number", "name", classes);
    concepts = Labels.checked("concepts", "number", "name", concepts);
    boolean fits = classes.size() > 1 && weights.length == classes.size() && bias.length == classes.size()
        && means.length == concepts.size() && deviations.length == concepts.size();
    for (double[] row : weights) {
      fits &= row.length == concepts.size();
    }
    if (!fits) {
      throw new IllegalArgumentException("sizes of a bottleneck that do not go together: " + classes.size() + " classes, "
          + concepts.size() + " concepts, " + weights.length + " rows of weights, " + bias.length + " biases, " + means.length + " means, "
          + deviations.length + " deviations");
    }
  }

  /** The similarities [M] in standard deviations from their means. */
  public double[] standardised(double[] similarities) {
    if (similarities.length != concepts.size()) {
      throw new IllegalArgumentException(similarities.length + " similarities for " + concepts.size() + " concepts");
    }
    return new BottleneckScale(means, deviations).standardised(similarities);
  }

  /** The probabilities of the classes [K]. */
  public double[] probabilities(double[] similarities) {
    return probabilitiesOfStandardised(standardised(similarities));
  }

  /** The probabilities of the classes [K] for standardised similarities [M], which may be anybody's invention. */
  public double[] probabilitiesOfStandardised(double[] z) {
    double[] scores = bias.clone();
    for (int k = 0; k < scores.length; k++) {
      for (int j = 0; j < z.length; j++) {
        scores[k] += weights[k][j] * z[j];
      }
    }
    BottleneckLoss.softmax(scores);
    return scores;
  }

  /** The concepts that have a weight for a class, the largest first (by size; in their order if equal). */
  public List<Term> terms(int classIndex) {
    return IntStream.range(0, concepts.size()).filter(j -> weights[classIndex][j] != 0)
        .mapToObj(j -> new Term(j, concepts.get(j), weights[classIndex][j]))
        .sorted(Comparator.comparingDouble((Term term) -> -Math.abs(term.weight())).thenComparingInt(Term::index)).toList();
  }

  /** The indices of the concepts that have a weight for any class, in their order. */
  public int[] used() {
    return IntStream.range(0, concepts.size()).filter(j -> IntStream.range(0, classes.size()).anyMatch(k -> weights[k][j] != 0)).toArray();
  }

  /**
   * The concepts that have a weight for a class by what they contribute to its score for an image, largest size first.
   *
   * @param z standardised similarities [M]
   */
  public List<Term> leading(int classIndex, double[] z) {
    return terms(classIndex).stream()
        .sorted(Comparator.comparingDouble((Term term) -> -Math.abs(term.weight() * z[term.index()])).thenComparingInt(Term::index))
        .toList();
  }
}
