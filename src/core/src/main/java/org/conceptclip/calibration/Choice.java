package org.conceptclip.calibration;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Chooses the products that compute in E4M3: as much work as possible, such that the lowest cosine reaches a target.
 *
 * <p>It begins with all products. While the cosine is too low, it takes out those that lose most for their work, so many that what is left
 * should lose little enough if losses add up, and measures again. It ends at the latest when only {@link Calibration#LEAST_SHARE} of the
 * products is left: fp8 is not worth it then.
 */
final class Choice {
  /** Losses do not add up exactly. */
  private static final double CAUTION = 0.9;

  private final List<String> ranked;
  private final ToDoubleFunction<String> losses;
  private final Set<String> chosen;
  private final int least;

  /**
   * @param losses loss of cosine by product
   * @param work multiplications by product, in any unit
   */
  Choice(List<String> products, ToDoubleFunction<String> losses, ToDoubleFunction<String> work) {
    this.losses = losses;
    this.ranked = products.stream()
        .sorted(Comparator.comparingDouble((String product) -> -losses.applyAsDouble(product) / work.applyAsDouble(product)))
        .toList();
    this.chosen = new HashSet<>(products);
    this.least = (int) Math.ceil(products.size() * Calibration.LEAST_SHARE);
  }

  /**
   * Chooses.
   *
   * @param lowestOfAll lowest cosine with all products
   * @param lowest measures the lowest cosine with these products
   */
  Set<String> reaching(double target, double lowestOfAll, Function<Set<String>, Double> lowest) {
    double found = lowestOfAll;
    while (found < target && chosen.size() > least) {
      takeOut((1 - target) / (1 - found) * CAUTION);
      found = lowest.apply(Set.copyOf(chosen));
    }
    return Set.copyOf(chosen);
  }

  /** Takes out at least one product, until the others lose this part of what is lost now. */
  private void takeOut(double part) {
    double total = chosen.stream().mapToDouble(losses).sum();
    double left = total;
    for (String product : ranked) {
      if (chosen.size() == least || left < total && left <= total * part) {
        return;
      }
      if (chosen.remove(product)) {
        left -= losses.applyAsDouble(product);
      }
    }
  }
}
