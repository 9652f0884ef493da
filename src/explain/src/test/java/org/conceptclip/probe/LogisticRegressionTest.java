package org.conceptclip.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The solver against scikit-learn, finite differences, and what must not change a result. */
class LogisticRegressionTest {
  private static final LogisticRegression.Options TIGHT = new LogisticRegression.Options(1, false, 1e-12, 5000);

  @ParameterizedTest
  @ValueSource(strings = {"binary", "balanced", "correlated", "standardised"})
  void coefficientsAreThoseOfScikitLearn(String name) {
    ProbeFixture fixture = ProbeFixture.read(name);
    FeatureScale scale = fixture.standardised() ? FeatureScale.of(fixture.features()) : null;
    LogisticRegression.Fit fit = new LogisticRegression(fixture.features(), fixture.labels(), fixture.classes(), scale)
        .fit(new LogisticRegression.Options(fixture.c(), fixture.balanced(), 1e-12, 5000));
    assertTrue(fit.converged(), fit.toString());
    double worst = 0;
    double largest = Arrays.stream(fixture.weight()).flatMapToDouble(Arrays::stream).map(Math::abs).max().orElseThrow();
    double mean = fixture.intercept().length == 1 ? 0 : Arrays.stream(fixture.intercept()).average().orElseThrow();
    assertEquals(fixture.weight().length, fit.weights().length, "rows");
    for (int k = 0; k < fit.weights().length; k++) {
      for (int j = 0; j < fit.weights()[k].length; j++) {
        worst = Math.max(worst, Math.abs(fixture.weight()[k][j] - fit.weights()[k][j]) / largest);
        assertEquals(fixture.weight()[k][j], fit.weights()[k][j], 1e-4 * Math.abs(fixture.weight()[k][j]), "weight " + k + ", " + j);
      }
      worst = Math.max(worst, Math.abs(fixture.intercept()[k] - mean - fit.intercepts()[k]) / largest);
    }
    // The gradient that scikit-learn's solver reached is below 1e-10; F curves by 1/C at least, so its weights err by C * 1e-10 *
    // sqrt(240). Our mean gradient of 1e-12 adds C * 1e-12 * items * sqrt(240): 5e-8 of the largest weight in the worst set.
    // Measured: 4e-10 to 5e-8.
    assertTrue(worst < 5e-7, name + ": largest difference relative to the largest weight " + worst);
    double[][] probabilities = probe(fit, scale, fixture.classes()).probabilities(fixture.features());
    for (int i = 0; i < fixture.probabilities().length; i++) {
      assertArrayEquals(fixture.probabilities()[i], probabilities[i], 1e-7, "probabilities of item " + i);
    }
  }

  private static LinearProbe probe(LogisticRegression.Fit fit, FeatureScale scale, int classes) {
    List<String> names = IntStream.range(0, classes).mapToObj(Integer::toString).toList();
    return new LinearProbe(fit.weights(), fit.intercepts(), scale, new ProbeFacts(names, FeatureSource.OF_A_FILE, Map.of()));
  }

  @ParameterizedTest
  @CsvSource({"2,1,1,false", "2,300,5,false", "3,7,33,false", "5,600,70,false", "4,50,9,true"})
  void theGradientIsThatOfTheValue(int classes, int rows, int columns, boolean scaled) {
    Random random = new Random(rows);
    FeatureRows features = random(random, rows, columns);
    FeatureScale scale = scaled ? FeatureScale.of(features) : null;
    int[] labels = random.ints(rows, 0, classes).toArray();
    double[] weightOfClass = random.doubles(classes, 0.5, 2).toArray();
    LogisticObjective objective = new LogisticObjective(
        new LinearScores(features, ClassLoss.outputs(classes)), new ClassLoss(labels, weightOfClass), scale, rows, 0.3);
    double[] point = objective.point(null);
    Arrays.setAll(point, i -> 0.3 * random.nextGaussian());
    double[] gradient = new double[point.length];
    objective.at(point, gradient);
    double[] unused = new double[point.length];
    double step = 1e-5;
    for (int i = 0; i < point.length; i += Math.max(1, point.length / 40)) {
      double middle = point[i];
      point[i] = middle + step;
      double up = objective.at(point, unused);
      point[i] = middle - step;
      double down = objective.at(point, unused);
      point[i] = middle;
      // Third derivatives of at most a few units times step^2, and rounding of 1e-16 * 3 / step.
      assertEquals((up - down) / (2 * step), gradient[i], 1e-8, "element " + i);
    }
  }

  @Test
  void scoresOfAnyShapeAreThoseOfAPlainLoop() {
    Random random = new Random(3);
    for (int rows : new int[] {1, 3, 255, 256, 257, 1030}) {
      for (int columns : new int[] {1, 31, 32, 65}) {
        FeatureRows features = random(random, rows, columns);
        double[] weights = random.doubles(3L * columns, -1, 1).toArray();
        double[] intercepts = {0.5, -1, 2};
        double[][] found = new double[rows][3];
        new LinearScores(features, 3).scan(weights, intercepts, (first, count, scores, stride) -> {
          for (int i = 0; i < count; i++) {
            for (int k = 0; k < 3; k++) {
              found[first + i][k] = scores[k * stride + i];
            }
          }
          return 0;
        });
        float[] row = new float[columns];
        for (int i = 0; i < rows; i++) {
          features.copy(i, 1, row);
          for (int k = 0; k < 3; k++) {
            double sum = intercepts[k];
            for (int j = 0; j < columns; j++) {
              sum += weights[k * columns + j] * row[j];
            }
            assertEquals(sum, found[i][k], 1e-12, rows + " x " + columns);
          }
        }
      }
    }
  }

  @Test
  void theNumberOfThreadsChangesNoBit() throws Exception {
    Random random = new Random(8);
    FeatureRows features = random(random, 5000, 40);
    int[] labels = random.ints(5000, 0, 3).toArray();
    LogisticRegression regression = new LogisticRegression(features, labels, 3, null);
    LogisticRegression.Fit alone = fitOn(1, regression);
    for (int threads : new int[] {2, 5}) {
      LogisticRegression.Fit fit = fitOn(threads, regression);
      assertTrue(Arrays.deepEquals(alone.weights(), fit.weights()), threads + " threads");
      assertArrayEquals(alone.intercepts(), fit.intercepts(), threads + " threads");
    }
  }

  private static LogisticRegression.Fit fitOn(int threads, LogisticRegression regression) throws Exception {
    try (ForkJoinPool pool = new ForkJoinPool(threads)) {
      return pool.submit(() -> regression.fit(TIGHT.withTolerance(1e-6))).get();
    }
  }

  @Test
  void movingFeaturesMovesInterceptsOnlyAndNamesOfClassesDoNotMatter() {
    ProbeFixture fixture = ProbeFixture.read("balanced");
    LogisticRegression.Fit fit = new LogisticRegression(fixture.features(), fixture.labels(), 4, null).fit(TIGHT);
    FeatureRows moved = mapped(fixture.features(), value -> value + 1);
    LogisticRegression.Fit movedFit = new LogisticRegression(moved, fixture.labels(), 4, null).fit(TIGHT);
    int[] renamed = Arrays.stream(fixture.labels()).map(label -> 3 - label).toArray();
    LogisticRegression.Fit renamedFit = new LogisticRegression(fixture.features(), renamed, 4, null).fit(TIGHT);
    for (int k = 0; k < 4; k++) {
      // Adding 1 rounds a float32 of size 4 by 2e-7.
      assertArrayEquals(fit.weights()[k], movedFit.weights()[k], 1e-5, "weights of moved features");
      assertEquals(fit.intercepts()[k] - Arrays.stream(fit.weights()[k]).sum(), movedFit.intercepts()[k] + mean(fit), 1e-5, "intercept");
      assertArrayEquals(fit.weights()[k], renamedFit.weights()[3 - k], 1e-8, "weights of renamed classes");
      assertEquals(0, Arrays.stream(fit.weights()).mapToDouble(row -> row[0]).sum(), 1e-8, "weights of all classes add up to 0");
    }
    assertEquals(0, Arrays.stream(fit.intercepts()).sum(), 1e-12);
  }

  /** What moving takes off all intercepts, which are kept at a sum of 0. */
  private static double mean(LogisticRegression.Fit fit) {
    return IntStream.range(0, 4).mapToDouble(k -> fit.intercepts()[k] - Arrays.stream(fit.weights()[k]).sum()).average().orElseThrow();
  }

  @Test
  void separableDataWithHardlyAnyPenaltyStayFinite() {
    FeatureRows features = FeatureRows.of("x", HostTensor.of(new float[] {-300, -200, -1, 1, 200, 300}, 6, 1));
    LogisticRegression.Fit fit = new LogisticRegression(features, new int[] {0, 0, 0, 1, 1, 1}, 2, null)
        .fit(new LogisticRegression.Options(1e10, false, 1e-9, 1000));
    assertTrue(fit.converged() && fit.weights()[0][0] > 5 && Double.isFinite(fit.objective()), fit.toString());
    LogisticRegression.Fit three = new LogisticRegression(features, new int[] {0, 0, 1, 1, 2, 2}, 3, null)
        .fit(new LogisticRegression.Options(1e10, false, 1e-9, 1000));
    assertTrue(Double.isFinite(three.objective()) && three.weights()[2][0] > three.weights()[0][0], three.toString());
    double[] probabilities = probe(three, null, 3).probabilities(features)[5];
    assertTrue(probabilities[2] > 0.999 && Math.abs(Arrays.stream(probabilities).sum() - 1) < 1e-12, Arrays.toString(probabilities));
  }

  @Test
  void aLimitOfIterationsIsSaid() {
    ProbeFixture fixture = ProbeFixture.read("correlated");
    LogisticRegression.Fit fit = new LogisticRegression(fixture.features(), fixture.labels(), 10, null)
        .fit(new LogisticRegression.Options(10, false, 1e-9, 3));
    assertFalse(fit.converged());
    assertEquals(3, fit.iterations());
    assertTrue(fit.gradient() > 1e-9, fit.toString());
  }

  @Test
  void manyFeaturesAreFittedWithoutAnEstimateOfSecondDerivatives() {
    Random random = new Random(5);
    FeatureRows features = random(random, 60, 2100);
    int[] labels = random.ints(60, 0, 3).toArray();
    assertNull(HessianEstimate.orNull(features, 3, labels, new double[] {1, 1, 1}, null, 1));
    LogisticRegression.Fit fit = new LogisticRegression(features, labels, 3, null).fit(TIGHT.withTolerance(1e-9));
    assertTrue(fit.converged(), fit.iterations() + " iterations");
  }

  @Test
  void theEstimateIsTheHessianOfTwoClasses() {
    ProbeFixture fixture = ProbeFixture.read("binary");
    double[] ones = {1, 1};
    int rows = fixture.labels().length;
    LogisticObjective objective =
        new LogisticObjective(new LinearScores(fixture.features(), 1), new ClassLoss(fixture.labels(), ones), null, rows, 0.01);
    HessianEstimate estimate = HessianEstimate.orNull(fixture.features(), 1, fixture.labels(), ones, null, 0.01);
    Random random = new Random(2);
    double[] point = random.doubles(13, -0.5, 0.5).toArray();
    double[] direction = random.doubles(13, -1, 1).toArray();
    double step = 1e-5;
    double[] up = new double[13];
    double[] down = new double[13];
    double[] moved = point.clone();
    Arrays.setAll(moved, i -> point[i] + step * direction[i]);
    objective.at(moved, up);
    Arrays.setAll(moved, i -> point[i] - step * direction[i]);
    objective.at(moved, down);
    double[] product = new double[13];
    Arrays.setAll(product, i -> (up[i] - down[i]) / (2 * step));
    estimate.refresh(point);
    estimate.multiply(product);
    // All items are in the sample, so inverse times Hessian times direction is the direction, up to the error of the differences.
    assertArrayEquals(direction, product, 1e-6);
  }

  @Test
  void aFitFromAnotherOneEndsAtTheSamePlace() {
    ProbeFixture fixture = ProbeFixture.read("balanced");
    LogisticRegression regression = new LogisticRegression(fixture.features(), fixture.labels(), 4, null);
    LogisticRegression.Fit cold = regression.fit(TIGHT);
    LogisticRegression.Fit warm = regression.fit(TIGHT, regression.fit(TIGHT.withC(0.1)));
    for (int k = 0; k < 4; k++) {
      assertArrayEquals(cold.weights()[k], warm.weights()[k], 1e-8);
    }
  }

  @Test
  void chosenRowsAreThoseOfACopy() {
    ProbeFixture fixture = ProbeFixture.read("balanced");
    int[] chosen = IntStream.range(0, 100).map(i -> 199 - i).toArray();
    float[] copy = new float[100 * 16];
    for (int i = 0; i < 100; i++) {
      float[] row = new float[16];
      fixture.features().copy(chosen[i], 1, row);
      System.arraycopy(row, 0, copy, i * 16, 16);
    }
    int[] labels = Arrays.stream(chosen).map(i -> fixture.labels()[i]).toArray();
    LogisticRegression.Fit byChoice = new LogisticRegression(fixture.features().choose(chosen), labels, 4, null).fit(TIGHT);
    LogisticRegression.Fit byCopy =
        new LogisticRegression(FeatureRows.of("copy", HostTensor.of(copy, 100, 16)), labels, 4, null).fit(TIGHT);
    assertTrue(Arrays.deepEquals(byCopy.weights(), byChoice.weights()));
    int[] twice = IntStream.range(0, 10).toArray();
    float[] one = new float[16];
    float[] other = new float[16];
    fixture.features().choose(chosen).choose(twice).copy(7, 1, one);
    fixture.features().copy(192, 1, other);
    assertArrayEquals(other, one, "a choice of a choice");
  }

  @Test
  void whatCannotBeTrainedOnIsRefused() {
    HostTensor tensor = HostTensor.of(new float[] {1, 2, 3, Float.NaN, 5, 6}, 3, 2);
    refused(() -> FeatureRows.of("f.npy", tensor), "f.npy: row 1, column 1", "NaN");
    HostTensor large = HostTensor.of(new double[] {1, 2, 1e300, 4}, 2, 2);
    refused(() -> FeatureRows.of("f.npy", large), "row 1, column 0", "1.0E300");
    refused(() -> FeatureRows.of("f.npy", HostTensor.of(new float[6], 6)), "[6]", "[items, features]");
    FeatureRows features = FeatureRows.of("x", HostTensor.of(new float[6], 3, 2));
    refused(() -> new LogisticRegression(features, new int[] {0, 1}, 2, null), "3 rows", "2 labels");
    refused(() -> new LogisticRegression(features, new int[] {0, 0, 0}, 2, null), "at least two classes");
    refused(() -> ClassLabels.of(List.of("a", "a")).requireTwo("L.csv"), "L.csv: one class only, \"a\"", "2 items");
  }

  private static void refused(Runnable attempt, String... words) {
    String message = assertThrows(BadInputException.class, attempt::run).getMessage();
    for (String word : words) {
      assertTrue(message.contains(word), "\"" + word + "\" in: " + message);
    }
  }

  private static FeatureRows random(Random random, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return FeatureRows.of("random", HostTensor.of(values, rows, columns));
  }

  private static FeatureRows mapped(FeatureRows features, DoubleUnaryOperator change) {
    float[] values = new float[features.rows() * features.columns()];
    features.copy(0, features.rows(), values);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) change.applyAsDouble(values[i]);
    }
    return FeatureRows.of("mapped", HostTensor.of(values, features.rows(), features.columns()));
  }
}
