package org.conceptclip.calibration;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * Chooses the products that compute in E4M3: as much work as possible, such that the lowest cosine reaches a target.
 *
 * <p>It begins with all products. While the cosine is too low, it takes out those that lose most for their work, so many that what is left
 * should lose little enough if losses add up, and measures again. It ends at the latest when only {@link Calibration#LEAST_SHARE} of the
 * products is left: with fewer, fp8 is not worth its error. Not thread-safe.
 */
final class Choice {
  /** Losses do not add up exactly. */
  private static final double CAUTION = 0.9;

  private final List<String> ranked;
  private final ToDoubleFunction<String> losses;
  private final Set<String> chosen;
  private final int least;
  private double lowest;

  /**
   * @param losses loss of cosine by product
   * @param work multiplications by product, in any unit
   * @param lowest lowest cosine with all products
   */
  Choice(List<String> products, ToDoubleFunction<String> losses, ToDoubleFunction<String> work, double lowest) {
    this.losses = losses;
    this.ranked = products.stream()
        .sorted(Comparator.comparingDouble((String product) -> -losses.applyAsDouble(product) / work.applyAsDouble(product)))
        .toList();
    this.chosen = new HashSet<>(products);
    this.least = (int) Math.ceil(products.size() * Calibration.LEAST_SHARE);
    this.lowest = lowest;
  }

  /** The products that are chosen now. */
  Set<String> chosen() {
    return Set.copyOf(chosen);
  }

  /** Whether no further product can be taken out. */
  boolean isLast() {
    return chosen.size() == least;
  }

  /**
   * Takes out products until the lowest cosine reaches a target, or none can be taken out.
   *
   * @param measure returns the lowest cosine with these products
   */
  void reach(double target, ToDoubleFunction<Set<String>> measure) {
    while (lowest < target && !isLast()) {
      takeOut((1 - target) / (1 - lowest) * CAUTION);
      lowest = measure.applyAsDouble(chosen());
    }
  }

  /** {@link #reach} for a loss that is this part of the present one. */
  void reduceLossTo(double part, ToDoubleFunction<Set<String>> measure) {
    reach(1 - (1 - lowest) * part, measure);
  }

  /** Takes out at least one product, until the others lose this part of what is lost now. */
  private void takeOut(double part) {
    double total = chosen.stream().mapToDouble(losses).sum();
    double left = total;
    for (String product : ranked) {
      if (isLast() || left < total && left <= total * part) {
        return;
      }
      if (chosen.remove(product)) {
        left -= losses.applyAsDouble(product);
      }
    }
  }
}
