package org.conceptclip;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How well an image fits each of the given classes, compared with the others; an image that fits no class also gets probabilities. Not a
 * diagnosis. Immutable.
 *
 * @param ranked every class once, the most probable first; classes of equal probability are in the order of their labels. The sum of the
 *     probabilities is 1
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
   * @throws IllegalArgumentException if there is no class of this name
   */
  public double probability(String label) {
    return ranked.stream()
        .filter(one -> one.label().equals(label))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("label \"" + label + "\": expected one of "
            + ranked.stream().map(ClassProbability::label).toList()))
        .probability();
  }

  /** Probabilities by label, in the order of {@link #ranked}. */
  public Map<String, Double> asMap() {
    Map<String, Double> map = new LinkedHashMap<>();
    ranked.forEach(one -> map.put(one.label(), one.probability()));
    return map;
  }
}
