package org.conceptclip.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;

class TemperatureScalingTest {
  private static final List<String> LABELS = List.of("a", "b", "c");

  /** Truth drawn from softmax(z), scores of softmax(z / T): scaling by 1 / T makes them honest. */
  private static Scores.MultiClass sharpened(double temperature, int items) {
    SplittableRandom random = new SplittableRandom(17);
    int[] truth = new int[items];
    double[][] scores = new double[items][3];
    for (int i = 0; i < items; i++) {
      double[] logits = {2 * random.nextGaussian(), 2 * random.nextGaussian(), 2 * random.nextGaussian()};
      double[] honest = softmax(logits, 1);
      double draw = random.nextDouble();
      truth[i] = draw < honest[0] ? 0 : draw < honest[0] + honest[1] ? 1 : 2;
      scores[i] = softmax(logits, 1 / temperature);
    }
    return new Scores.MultiClass(LABELS, truth, scores);
  }

  private static double[] softmax(double[] logits, double factor) {
    double[] result = new double[logits.length];
    double sum = 0;
    for (int c = 0; c < logits.length; c++) {
      sum += result[c] = Math.exp(factor * logits[c]);
    }
    for (int c = 0; c < logits.length; c++) {
      result[c] /= sum;
    }
    return result;
  }

  /** The likelihood has a curvature of 0.42 an item in log T, so 20,000 items know T to 1 / sqrt(8,400), 1.1 %. */
  @Test
  void knownTemperatureIsFound() {
    for (double sharpening : new double[] {0.4, 1, 2.5}) {
      Scores.MultiClass scores = sharpened(sharpening, 20_000);
      TemperatureScaling fit = TemperatureScaling.fit(scores);
      assertEquals(1, fit.temperature() * sharpening, 4 * 0.011);
      assertFalse(fit.atLimit());
      assertTrue(fit.nllAfter() <= fit.nllBefore());
      Scores.MultiClass after = (Scores.MultiClass) fit.apply(scores);
      assertEquals(likelihood(scores), fit.nllBefore(), 1e-12);
      assertEquals(likelihood(after), fit.nllAfter(), 1e-12);
      assertEquals(Evaluation.report(scores, List.of(), BootstrapOptions.of(0)).ece().value(), fit.eceBefore());
      assertEquals(Evaluation.report(after, List.of(), BootstrapOptions.of(0)).ece().value(), fit.eceAfter());
      assertTrue(fit.eceAfter() < 0.02, "honest, but for the noise of 20,000 items in 15 bins");
    }
  }

  /** No other temperature is better, and T is where the likelihood is flat. */
  @Test
  void temperatureIsTheMinimum() {
    Scores.MultiClass scores = sharpened(0.3, 500);
    TemperatureScaling fit = TemperatureScaling.fit(scores);
    for (double factor : new double[] {0.9, 0.999, 1.001, 1.1}) {
      TemperatureScaling other = new TemperatureScaling(fit.temperature() * factor, false, 0, 0, 0, 0);
      assertTrue(likelihood((Scores.MultiClass) other.apply(scores)) > fit.nllAfter(), "T times " + factor);
    }
    assertEquals(1, TemperatureScaling.fit(fit.apply(scores)).temperature(), 1e-9, "what is scaled needs no scaling");
  }

  /** As above: 40,000 scores with a curvature of 0.25 each know T to 1 %. */
  @Test
  void labelsForThemselves() {
    SplittableRandom random = new SplittableRandom(5);
    int items = 20_000;
    boolean[][] truth = new boolean[items][2];
    double[][] scores = new double[items][2];
    for (int i = 0; i < items; i++) {
      for (int c = 0; c < 2; c++) {
        double logit = 2 * random.nextGaussian() - c;
        truth[i][c] = random.nextDouble() < 1 / (1 + Math.exp(-logit));
        scores[i][c] = 1 / (1 + Math.exp(-3 * logit));
      }
    }
    Scores.MultiLabel labels = new Scores.MultiLabel(List.of("a", "b"), truth, scores);
    TemperatureScaling fit = TemperatureScaling.fit(labels);
    assertEquals(3, fit.temperature(), 3 * 4 * 0.01);
    double sum = 0;
    double[][] after = ((Scores.MultiLabel) fit.apply(labels)).scores();
    for (int i = 0; i < items; i++) {
      for (int c = 0; c < 2; c++) {
        double logit = Math.log(scores[i][c]) - Math.log1p(-scores[i][c]);
        assertEquals(1 / (1 + Math.exp(-logit / fit.temperature())), after[i][c], 1e-12);
        sum -= Math.log(truth[i][c] ? after[i][c] : 1 - after[i][c]);
      }
    }
    assertEquals(sum / items / 2, fit.nllAfter(), 1e-12);
    assertTrue(fit.eceAfter() < fit.eceBefore() / 5);
  }

  @Test
  void degenerateItemsGiveALimit() {
    TemperatureScaling certain = fit(new int[] {0, 2}, new double[][] {{1, 0, 0}, {0, 0, 1}});
    assertEquals(1, certain.temperature());
    assertEquals(0, certain.nllAfter());
    assertFalse(certain.atLimit());
    assertEquals(1, fit(new int[] {0}, new double[][] {{1, 1e-100, 0}}).temperature());
    TemperatureScaling right = fit(new int[] {0, 2}, new double[][] {{.8, .1, .1}, {0, 0, 1}});
    assertEquals(TemperatureScaling.COLDEST, right.temperature());
    assertTrue(right.atLimit());
    TemperatureScaling wrong = fit(new int[] {1, 0}, new double[][] {{.8, .1, .1}, {0, 0, 1}});
    assertEquals(TemperatureScaling.HOTTEST, wrong.temperature());
    assertTrue(wrong.atLimit());
    TemperatureScaling even = fit(new int[] {1}, new double[][] {{1 / 3., 1 / 3., 1 / 3.}});
    assertEquals(1, even.temperature());
    assertEquals(Math.log(3), even.nllAfter(), 1e-15);
    for (boolean truth : new boolean[] {true, false}) {
      TemperatureScaling labels = TemperatureScaling.fit(
          new Scores.MultiLabel(List.of("x"), new boolean[][] {{truth}, {!truth}}, new double[][] {{1}, {0}}));
      assertEquals(truth ? 1 : TemperatureScaling.HOTTEST, labels.temperature());
      assertTrue(Double.isFinite(labels.nllAfter()) && Double.isFinite(labels.eceAfter()));
    }
    assertThrows(BadInputException.class, () -> TemperatureScaling.fit(new Scores.MultiClass(LABELS, new int[0], new double[0][])));
  }

  private static TemperatureScaling fit(int[] truth, double[][] scores) {
    return TemperatureScaling.fit(new Scores.MultiClass(LABELS, truth, scores));
  }

  private static double likelihood(Scores.MultiClass scores) {
    double sum = 0;
    for (int i = 0; i < scores.items(); i++) {
      sum -= Math.log(scores.scores()[i][scores.truth()[i]]);
    }
    return sum / scores.items();
  }
}
