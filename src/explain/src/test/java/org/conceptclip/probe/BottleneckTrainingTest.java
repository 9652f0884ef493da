package org.conceptclip.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Training as a whole: standardisation, folds, the choice of lambda, and what is refused. */
class BottleneckTrainingTest {
  private static final int[] Y = BottleneckFixtures.inTurn(120, 3);
  private static final double[][] S = BottleneckFixtures.similarities(5, Y, 20);
  private static final List<String> CLASSES = BottleneckFixtures.names("class ", 3);
  private static final List<String> CONCEPTS = BottleneckFixtures.names("concept ", 20);

  private final List<String> notices = new ArrayList<>();
  private int steps;

  private BottleneckTraining.Result train(BottleneckPenalty penalty, Optional<Double> lambda) {
    return new BottleneckTraining(penalty, lambda, 5, 0).train(S, Y, CLASSES, CONCEPTS, notices::add, () -> steps++);
  }

  @Test
  void findsTheConceptsThatDecide() {
    BottleneckTraining.Result result = train(BottleneckPenalty.NONNEGATIVE, Optional.empty());
    for (int k = 0; k < 3; k++) {
      assertEquals(k, result.layer().terms(k).getFirst().index(), "the concept that only this class shows");
      assertTrue(Arrays.stream(result.layer().weights()[k]).allMatch(w -> w >= 0));
    }
    assertTrue(result.layer().used().length < 12, () -> Arrays.toString(result.layer().used()));
    assertTrue(result.accuracy() > 0.8, () -> "accuracy " + result.accuracy());
    assertEquals(List.of(), notices);
  }

  @Test
  void theChosenLambdaIsTheLargestWithinOneStandardErrorOfTheBest() {
    BottleneckPath path = train(BottleneckPenalty.NONNEGATIVE, Optional.empty()).path().orElseThrow();
    List<BottleneckPath.Point> points = path.points();
    assertEquals(points.size(), steps);
    double limit = points.get(path.best()).loss() + points.get(path.best()).standardError();
    assertTrue(points.stream().allMatch(point -> point.loss() >= points.get(path.best()).loss()));
    assertTrue(points.get(path.chosen()).loss() <= limit);
    assertTrue(points.subList(0, path.chosen()).stream().allMatch(point -> point.loss() > limit));
    assertTrue(path.chosen() < path.best(), "here fewer concepts suffice than the best has");
    assertEquals(0, points.getFirst().concepts());
    // A fold's own largest lambda may lie a little above that of all items, so that it has a small weight already.
    assertEquals(Math.log(3), points.getFirst().loss(), 0.02, "without concepts, the classes are equally probable");
    assertTrue(points.getLast().concepts() > points.get(path.chosen()).concepts());
  }

  @ParameterizedTest
  @EnumSource(BottleneckPenalty.class)
  void trainingTwiceGivesTheSameBits(BottleneckPenalty penalty) {
    BottleneckTraining.Result one = train(penalty, Optional.empty());
    BottleneckTraining.Result other = train(penalty, Optional.empty());
    assertArrayEquals(one.layer().weights(), other.layer().weights());
    assertArrayEquals(one.layer().bias(), other.layer().bias());
    assertEquals(one.path(), other.path());
  }

  @Test
  void unitsOfSimilaritiesDoNotMatter() {
    double[][] scaled = Arrays.stream(S).map(row -> Arrays.stream(row).map(value -> 96.6 * value - 3).toArray()).toArray(double[][]::new);
    BottleneckTraining training = new BottleneckTraining(BottleneckPenalty.NONNEGATIVE, Optional.of(0.02), 5, 0);
    BottleneckLayer one = training.train(S, Y, CLASSES, CONCEPTS, notices::add, () -> steps++).layer();
    BottleneckLayer other = training.train(scaled, Y, CLASSES, CONCEPTS, notices::add, () -> steps++).layer();
    for (int i = 0; i < 5; i++) {
      assertArrayEquals(one.probabilities(S[i]), other.probabilities(scaled[i]), 1e-6);
    }
  }

  @Test
  void aConceptThatIsTheSameEverywhereHasNoWeight() {
    double[][] with = Arrays.stream(S).map(double[]::clone).toArray(double[][]::new);
    for (double[] row : with) {
      row[4] = 0.1;
    }
    BottleneckLayer layer = new BottleneckTraining(BottleneckPenalty.L1, Optional.of(0.001), 5, 0)
        .train(with, Y, CLASSES, CONCEPTS, notices::add, () -> steps++).layer();
    assertEquals(1, layer.deviations()[4]);
    assertTrue(Arrays.stream(layer.used()).noneMatch(j -> j == 4));
  }

  @Test
  void foldsAreStratifiedAndKeepEveryClassInTraining() {
    int[] y = {0, 0, 0, 0, 0, 1, 1, 1, 2, 0, 0, 1};
    BottleneckFolds folds = BottleneckFolds.stratified(y, 3, 3, 7);
    assertEquals(-1, folds.of()[8], "the only item of its class");
    int[] sizes = new int[3];
    for (int fold = 0; fold < 3; fold++) {
      sizes[fold] = folds.inside(fold).length;
      assertEquals(3, Arrays.stream(folds.outside(fold)).map(i -> y[i]).distinct().count());
      assertEquals(y.length, folds.inside(fold).length + folds.outside(fold).length);
      for (int k = 0; k < 2; k++) {
        int wanted = k;
        long of = Arrays.stream(folds.inside(fold)).filter(i -> y[i] == wanted).count();
        assertTrue(of == (k == 0 ? 7 : 4) / 3 || of == (k == 0 ? 7 : 4) / 3 + 1, "items of class " + k);
      }
    }
    assertTrue(Arrays.stream(sizes).max().orElseThrow() - Arrays.stream(sizes).min().orElseThrow() <= 1, Arrays.toString(sizes));
    assertTrue(IntStream.range(1, 20).anyMatch(seed -> !Arrays.equals(folds.of(), BottleneckFolds.stratified(y, 3, 3, seed).of())));
  }

  @Test
  void classesWithOneItemEachCannotBeCrossValidated() {
    double[][] few = {S[0], S[1], S[2]};
    int[] y = {0, 1, 2};
    assertRefused("every class has one item", () -> new BottleneckTraining(BottleneckPenalty.L1, Optional.empty(), 5, 0)
        .train(few, y, CLASSES, CONCEPTS, notices::add, () -> steps++));
    assertEquals(3, new BottleneckTraining(BottleneckPenalty.L1, Optional.of(0.01), 5, 0)
        .train(few, y, CLASSES, CONCEPTS, notices::add, () -> steps++).layer().classes().size());
  }

  @Test
  void aLambdaThatLeavesNothingIsSaid() {
    BottleneckTraining.Result result = train(BottleneckPenalty.NONNEGATIVE, Optional.of(100.0));
    assertEquals(0, result.layer().used().length);
    assertEquals(1, notices.size());
    assertTrue(notices.getFirst().contains("leaves no concept"), notices.getFirst());
  }

  @Test
  void badItemsAreRefused() {
    BottleneckTraining training = new BottleneckTraining(BottleneckPenalty.NONNEGATIVE, Optional.empty(), 5, 0);
    assertRefused("all 2 items are \"only\"", () -> training.train(new double[][] {{1}, {2}}, new int[] {0, 0}, List.of("only"),
        List.of("c"), notices::add, () -> steps++));
    assertRefused("1 rows of similarities and 2 labels", () -> training.train(new double[][] {{1}}, new int[] {0, 1}, List.of("a", "b"),
        List.of("c"), notices::add, () -> steps++));
    assertRefused("class \"b\" has no item", () -> training.train(new double[][] {{1}, {2}}, new int[] {0, 0}, List.of("a", "b"),
        List.of("c"), notices::add, () -> steps++));
    assertRefused("row 1, concept \"c\": NaN", () -> training.train(new double[][] {{1}, {Double.NaN}}, new int[] {0, 1},
        List.of("a", "b"), List.of("c"), notices::add, () -> steps++));
    assertRefused("row 0 has 1 numbers, expected 2", () -> training.train(new double[][] {{1}, {2}}, new int[] {0, 1}, List.of("a", "b"),
        List.of("c", "d"), notices::add, () -> steps++));
    assertRefused("the same in all classes", () -> training.train(new double[][] {{1}, {1}, {1}, {1}}, new int[] {0, 1, 0, 1},
        List.of("a", "b"), List.of("c"), notices::add, () -> steps++));
    assertRefused("\"c\" appears twice", () -> training.train(new double[][] {{1, 2}, {2, 1}, {1, 2}, {2, 1}}, new int[] {0, 1, 0, 1},
        List.of("a", "b"), List.of("c", "c"), notices::add, () -> steps++));
    assertThrows(IllegalArgumentException.class, () -> new BottleneckTraining(BottleneckPenalty.L1, Optional.of(0.0), 5, 0));
    assertThrows(IllegalArgumentException.class, () -> new BottleneckTraining(BottleneckPenalty.L1, Optional.empty(), 1, 0));
  }

  private static void assertRefused(String words, Executable run) {
    String message = assertThrows(BadInputException.class, run).getMessage();
    assertTrue(message.contains(words), () -> "\"" + words + "\" in: " + message);
  }
}
