package org.conceptclip.calibration;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * Chooses the products that compute in E4M3: as much work as possible, such that the lowest cosine reaches a target.
 *
 * <p>Products stay out in the order of what they lose for their work, so a choice is the number of those that stay out. The right number is
 * searched by measuring the lowest cosine. The losses, which add up as they are independent, tell where to look first, and after each
 * measurement where to look next. At least {@link Calibration#LEAST_SHARE} of the work stays in E4M3: with less, fp8 is not worth its
 * error. Not thread-safe.
 */
final class Choice {
  /** Losses do not add up exactly, so a little less than is allowed is looked for. */
  private static final double CAUTION = 0.95;

  /** Measurements of one search. It ends earlier when numbers that suffice and do not are close enough. */
  private static final int MEASUREMENTS = 5;

  private final List<String> ranked;
  private final ToDoubleFunction<String> losses;
  private final int most;
  private int out;
  private double lowest;

  /**
   * @param losses loss of cosine by product
   * @param work multiplications by product, in any unit
   * @param lowest lowest cosine with all products
   */
  Choice(Map<String, Double> losses, ToDoubleFunction<String> work, double lowest) {
    this.losses = losses::get;
    this.ranked = losses.keySet().stream()
        .sorted(Comparator.comparingDouble((String product) -> -losses.get(product) / work.applyAsDouble(product))
            .thenComparing(Comparator.naturalOrder()))
        .toList();
    this.most = most(work);
    this.lowest = lowest;
  }

  private int most(ToDoubleFunction<String> work) {
    double spare = (1 - Calibration.LEAST_SHARE) * ranked.stream().mapToDouble(work).sum();
    int count = 0;
    while (count < ranked.size() && work.applyAsDouble(ranked.get(count)) <= spare) {
      spare -= work.applyAsDouble(ranked.get(count));
      count++;
    }
    return count;
  }

  /** The products that are chosen now: all of them at first. */
  Set<String> chosen() {
    return chosen(out);
  }

  private Set<String> chosen(int without) {
    return Set.copyOf(ranked.subList(without, ranked.size()));
  }

  /** Whether no further product may stay out. */
  boolean isLast() {
    return out == most;
  }

  /**
   * Leaves out about as few products as the lowest cosine needs to reach a target, or as many as may stay out if it does not.
   *
   * @param measure returns the lowest cosine with these products
   */
  void reach(double target, ToDoubleFunction<Set<String>> measure) {
    int tooFew = out;
    int enough = most;
    double ofEnough = Double.NaN; // not measured yet
    int measured = out;
    double found = lowest;
    for (int i = 0; i < MEASUREMENTS && lowest < target && enough - tooFew > closeEnough(); i++) {
      int next = Math.clamp(predicted((1 - target) / (1 - found) * CAUTION * left(measured)), tooFew + 1, enough - 1);
      measured = next;
      found = measure.applyAsDouble(chosen(next));
      if (found >= target) {
        enough = next;
        ofEnough = found;
      } else {
        tooFew = next;
      }
    }
    if (lowest < target) {
      out = enough;
      lowest = Double.isNaN(ofEnough) ? measure.applyAsDouble(chosen()) : ofEnough;
    }
  }

  /** {@link #reach} for a loss that is this part of the present one. */
  void reduceLossTo(double part, ToDoubleFunction<Set<String>> measure) {
    reach(1 - (1 - lowest) * part, measure);
  }

  private int closeEnough() {
    return Math.max(1, ranked.size() / 50);
  }

  /** What the products lose together if the first {@code without} of them stay out. */
  private double left(int without) {
    return ranked.subList(without, ranked.size()).stream().mapToDouble(losses).sum();
  }

  /** The number of products that must stay out so that the others lose at most this. */
  private int predicted(double loss) {
    int count = ranked.size();
    double sum = 0;
    while (count > 0 && sum + losses.applyAsDouble(ranked.get(count - 1)) <= loss) {
      sum += losses.applyAsDouble(ranked.get(count - 1));
      count--;
    }
    return count;
  }
}
