package org.conceptclip.calibration;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How much cosine each product costs by itself in E4M3.
 *
 * <p>Errors of different products are small and independent, so their losses of cosine add up: each is half the square of a relative error.
 * Therefore few measurements tell them all. A model of few products has each one measured. In a deeper one each block is, and each kind of
 * product over all blocks; a product gets a part of its block's loss, in the ratio of the kinds' losses.
 *
 * @param losses mean loss of cosine by product, never negative
 * @param measuredAlone whether each product was measured
 */
record Sensitivities(Map<String, Double> losses, boolean measuredAlone) {
  /** Models with more products are measured by block and by kind: the published model's 108 products in 31 measurements. */
  private static final int EACH_AT_MOST = 48;

  /** Products of a block. */
  private static final int KINDS = 4;

  /** Number of measurements that so many products take. */
  static int measurements(int products) {
    return products <= EACH_AT_MOST ? products : products / KINDS + KINDS;
  }

  /**
   * Measures.
   *
   * @param products names, block after block
   * @param loss mean loss of cosine if these products compute in E4M3
   */
  static Sensitivities measure(List<String> products, ToDoubleFunction<List<String>> loss) {
    Map<String, Double> losses = new HashMap<>();
    if (products.size() <= EACH_AT_MOST) {
      products.forEach(product -> losses.put(product, measured(List.of(product), loss)));
      return new Sensitivities(losses, true);
    }
    double[] kinds = IntStream.range(0, KINDS).mapToDouble(kind -> measured(ofKind(products, kind), loss)).toArray();
    double all = IntStream.range(0, KINDS).mapToDouble(kind -> kinds[kind]).sum();
    for (int first = 0; first < products.size(); first += KINDS) {
      double block = measured(products.subList(first, first + KINDS), loss);
      for (int kind = 0; kind < KINDS; kind++) {
        losses.put(products.get(first + kind), all == 0 ? block / KINDS : block * kinds[kind] / all);
      }
    }
    return new Sensitivities(losses, false);
  }

  private static double measured(List<String> products, ToDoubleFunction<List<String>> loss) {
    return Math.max(0, loss.applyAsDouble(products));
  }

  private static List<String> ofKind(List<String> products, int kind) {
    return IntStream.range(0, products.size()).filter(i -> i % KINDS == kind).mapToObj(products::get).toList();
  }
}
