package org.conceptclip.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.Test;

/** The choice of C where it is known which one must win. */
class CrossValidationTest {
  private static final LogisticRegression.Options OPTIONS = LogisticRegression.Options.OFFICIAL.withTolerance(1e-6);

  @Test
  void labelsByChanceWantAStrongPenaltyAndClearOnesAWeakOne() {
    CrossValidation.Result chance = run(planted(0), CrossValidation.Score.LOG_LOSS);
    // Nothing can be learnt, so the best is to say what is frequent, which costs log 2.
    assertTrue(chance.best().c() < 0.01, chance.toString());
    assertEquals(Math.log(2), chance.best().logLoss(), 0.02);
    assertTrue(chance.entries().getLast().logLoss() > Math.log(2) + 0.05, "without a penalty, noise is learnt: " + chance);
    CrossValidation.Result clear = run(planted(4), CrossValidation.Score.LOG_LOSS);
    assertTrue(clear.best().c() > 0.1 && clear.best().accuracy() > 0.95 && clear.best().c() < 10, clear.toString());
    assertEquals(10, clear.entries().size());
    double best = clear.entries().stream().mapToDouble(CrossValidation.Entry::accuracy).max().orElseThrow();
    CrossValidation.Result byAccuracy = run(planted(4), CrossValidation.Score.ACCURACY);
    assertEquals(best, byAccuracy.best().accuracy());
    assertEquals(byAccuracy.entries().stream().filter(entry -> entry.accuracy() == best).findFirst().orElseThrow(), byAccuracy.best(),
        "of equal scores, the smallest C");
    assertEquals(byAccuracy.entries(), run(planted(4), CrossValidation.Score.ACCURACY).entries(), "the same seed");
  }

  @Test
  void everyFitIsCountedAndAnItemIsHeldOutOnce() {
    int[] fits = {0};
    Planted data = planted(1);
    CrossValidation.Result result = new CrossValidation(data.features, data.labels, true, OPTIONS)
        .run(List.of(1.0, 0.1, 1.0), 4, 7, CrossValidation.Score.LOG_LOSS, () -> fits[0]++);
    assertEquals(8, fits[0], "two different values in four folds");
    assertEquals(List.of(0.1, 1.0), result.entries().stream().map(CrossValidation.Entry::c).toList());
  }

  @Test
  void tooFewItemsAreRefused() {
    FeatureRows features = FeatureRows.of("x", HostTensor.of(new float[] {1, 2, 3, 4}, 4, 1));
    refused(features, List.of("a", "a", "b", "b"), 5, "4 items in 5 folds");
    refused(features, List.of("a", "a", "a", "b"), 2, "class \"b\" has 1 item");
  }

  private static void refused(FeatureRows features, List<String> labels, int folds, String words) {
    CrossValidation validation = new CrossValidation(features, ClassLabels.of(labels), false, OPTIONS);
    String message = assertThrows(BadInputException.class,
        () -> validation.run(List.of(1.0), folds, 0, CrossValidation.Score.LOG_LOSS, () -> { })).getMessage();
    assertTrue(message.contains(words), message);
  }

  private record Planted(FeatureRows features, ClassLabels labels) {}

  private static CrossValidation.Result run(Planted data, CrossValidation.Score score) {
    return new CrossValidation(data.features, data.labels, false, OPTIONS).run(CrossValidation.GRID, 5, 0, score, () -> { });
  }

  /** Two classes of points in 20 dimensions, whose centres differ by a distance in the first one. */
  private static Planted planted(double distance) {
    Random random = new Random(11);
    float[] values = new float[200 * 20];
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      boolean second = random.nextBoolean();
      labels.add(second ? "b" : "a");
      for (int j = 0; j < 20; j++) {
        values[i * 20 + j] = (float) (random.nextGaussian() + (second && j == 0 ? distance : 0));
      }
    }
    return new Planted(FeatureRows.of("planted", HostTensor.of(values, 200, 20)), ClassLabels.of(labels));
  }
}
