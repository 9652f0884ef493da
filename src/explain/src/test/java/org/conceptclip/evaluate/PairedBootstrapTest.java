package org.conceptclip.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.conceptclip.evaluate.PairedBootstrap.Difference;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;

class PairedBootstrapTest {
  private static final BootstrapOptions OPTIONS = BootstrapOptions.of(200);

  @Test
  void runDiffersFromItselfByExactlyNothing() {
    for (Scores scores : List.of(Synthetic.multiClass(150, 3, 1, 1, 1), Synthetic.multiLabel(150, 3, 2))) {
      PairedBootstrap.Comparison comparison = PairedBootstrap.compare(scores, scores, OPTIONS);
      assertEquals(List.of(Metric.values()), List.copyOf(comparison.metrics().keySet()));
      assertEquals(3, comparison.auroc().size());
      for (Difference one : comparison.metrics().values()) {
        assertEquals(new Interval(0, 0, 0), one.difference());
        assertEquals(1, one.flips());
        assertEquals(1, one.p());
      }
    }
  }

  /**
   * The second run is right where the first is, and on 12 items more. Then the difference of a resample is the share of these 12 in it,
   * whose mean is 0.06 and whose standard error is sqrt(0.06 * 0.94 / 200) = 0.0168, while each accuracy alone has one of 0.035.
   */
  @Test
  void whatBothShareCancels() {
    int items = 200;
    double[][] first = new double[items][];
    double[][] second = new double[items][];
    for (int i = 0; i < items; i++) {
      first[i] = i < 100 ? new double[] {.8, .2} : new double[] {.3, .7};
      second[i] = i < 112 ? new double[] {.8, .2} : new double[] {.3, .7};
    }
    List<String> labels = List.of("a", "b");
    int[] truth = new int[items];
    PairedBootstrap.Comparison comparison = PairedBootstrap.compare(
        new Scores.MultiClass(labels, truth, first), new Scores.MultiClass(labels, truth, second), BootstrapOptions.of(2000));
    Difference accuracy = comparison.metrics().get(Metric.ACCURACY);
    assertEquals(0.5, accuracy.first());
    assertEquals(0.56, accuracy.second());
    assertEquals(0.06, accuracy.difference().value(), 1e-15);
    assertEquals(2 * 1.96 * 0.0168, accuracy.difference().high() - accuracy.difference().low(), 0.01); // two steps of 1 / 200
    assertTrue(accuracy.difference().low() > 0);
    assertEquals(0, accuracy.flips());
    assertEquals(0, accuracy.p());
    Difference area = comparison.metrics().get(Metric.AUROC_MACRO);
    assertTrue(Double.isNaN(area.p()) && Double.isNaN(area.flips()) && !area.difference().isDefined());
  }

  /** The differences of items are +1 (30 of them) and -1 (20): the sign flips where a resample has no more of the former. */
  @Test
  void shareOfFlips() {
    BootstrapOptions options = BootstrapOptions.of(20_000);
    ToDoubleFunction<int[]> lead = counts -> Arrays.stream(counts, 0, 30).sum() - 25;
    Difference up = PairedBootstrap.difference(50, counts -> 0, lead, options);
    double flips = IntStream.rangeClosed(0, 25).mapToDouble(k -> binomial(50, k) * Math.pow(.6, k) * Math.pow(.4, 50 - k)).sum();
    double error = Math.sqrt(flips * (1 - flips) / 20_000);
    assertEquals(5, up.difference().value());
    assertEquals(flips, up.flips(), 4 * error);
    assertEquals(2 * flips, up.p(), 8 * error);
    Difference down = PairedBootstrap.difference(50, lead, counts -> 0, options);
    assertEquals(up.flips(), down.flips());
    assertEquals(up.p(), down.p());
  }

  private static double binomial(int n, int k) {
    return IntStream.rangeClosed(1, k).mapToDouble(i -> (n - k + i) / (double) i).reduce(1, (a, b) -> a * b);
  }

  @Test
  void otherItemsAreRefused() {
    Scores.MultiClass scores = Synthetic.multiClass(5, 3, 1, 1, 1);
    int[] truth = scores.truth().clone();
    truth[3] = (truth[3] + 1) % 3;
    assertRefused("item 3: what is true of it differs between two runs, expected the same items",
        scores, new Scores.MultiClass(scores.labels(), truth, scores.scores()));
    assertRefused("two runs of 5 and 6 items, expected the same items", scores, Synthetic.multiClass(6, 3, 1, 1, 1));
    assertRefused("two runs with the labels class 0, class 1, class 2 and x, y, z, expected the same in the same order",
        scores, new Scores.MultiClass(List.of("x", "y", "z"), truth, scores.scores()));
    assertRefused("a run of one label an item and one of several, expected two of a kind", scores, Synthetic.multiLabel(5, 3, 1));
    Scores.MultiLabel several = Synthetic.multiLabel(5, 3, 1);
    boolean[][] flags = Arrays.stream(several.truth()).map(boolean[]::clone).toArray(boolean[][]::new);
    flags[4][2] ^= true;
    assertRefused("item 4: what is true of it differs between two runs, expected the same items",
        several, new Scores.MultiLabel(several.labels(), flags, several.scores()));
  }

  private static void assertRefused(String message, Scores first, Scores second) {
    assertEquals(message, assertThrows(BadInputException.class, () -> PairedBootstrap.compare(first, second, OPTIONS)).getMessage());
  }
}
