package org.conceptclip;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which of the given classes an image shows. Immutable. Not a diagnosis: probabilities say how well the image fits each class compared
 * with the others, also when it fits none.
 *
 * @param ranked every class once, most probable first, the earlier label first among equals; the probabilities' sum is 1
 */
public record Classification(List<ClassProbability> ranked) {
  public Classification {
    ranked = List.copyOf(ranked);
  }

  static Classification of(List<String> labels, double[] probabilities) {
    List<ClassProbability> classes = new ArrayList<>(labels.size());
    for (int i = 0; i < labels.size(); i++) {
      classes.add(new ClassProbability(labels.get(i), probabilities[i]));
    }
    classes.sort(Comparator.comparingDouble(ClassProbability::probability).reversed());
    return new Classification(classes);
  }

  /** The most probable class. */
  public ClassProbability best() {
    return ranked.getFirst();
  }

  /**
   * The probability of one class.
   *
   * @throws IllegalArgumentException if it is not among the classes
   */
  public double probability(String label) {
    return ranked.stream()
        .filter(one -> one.label().equals(label))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("label \"" + label + "\": expected one of "
            + ranked.stream().map(ClassProbability::label).toList()))
        .probability();
  }

  /** Label to probability, in the order of {@link #ranked}. */
  public Map<String, Double> asMap() {
    Map<String, Double> map = new LinkedHashMap<>();
    ranked.forEach(one -> map.put(one.label(), one.probability()));
    return map;
  }
}
