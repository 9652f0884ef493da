package org.conceptclip.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The solver against scikit-learn, against a slower and simpler solver, and against the conditions of optimality. */
class BottleneckSolverTest {
  private static final double TOLERANCE = 1e-10;

  /** scikit-learn ends at changes of 1e-13 of the largest weight; its slowest direction contracts by some thousandths a round. */
  private static final double WEIGHTS = 1e-7;

  /** A problem of random items. */
  record Problem(double[] x, int[] y, int columns, int classes) {
    static Problem random(long seed, int items, int columns, int classes, double common) {
      Random random = new Random(seed);
      double[][] rows = new double[items][columns];
      int[] y = new int[items];
      for (int i = 0; i < items; i++) {
        y[i] = i % classes;
        double shared = common * random.nextGaussian();
        for (int j = 0; j < columns; j++) {
          rows[i][j] = shared + random.nextGaussian() + (j % classes == y[i] && j < 3 * classes ? 1.0 : 0);
        }
      }
      int[] all = IntStream.range(0, items).toArray();
      return new Problem(BottleneckScale.of(rows, all).standardised(rows, all), y, columns, classes);
    }

    BottleneckLoss loss() {
      return new BottleneckLoss(x, y, columns, classes);
    }
  }

  @Test
  void agreesWithScikitLearn() throws IOException {
    int sets = 0;
    try (Reader in = new InputStreamReader(getClass().getResourceAsStream("/bottleneck/sklearn-l1.json"), StandardCharsets.UTF_8)) {
      for (JsonElement element : JsonParser.parseReader(in).getAsJsonArray()) {
        JsonObject set = element.getAsJsonObject();
        int classes = set.get("classes").getAsInt();
        double[] x = flat(set.getAsJsonArray("x"));
        double[] weights = flat(set.getAsJsonArray("weights"));
        int[] y = StreamSupport.stream(set.getAsJsonArray("y").spliterator(), false).mapToInt(JsonElement::getAsInt).toArray();
        BottleneckLoss loss = new BottleneckLoss(x, y, x.length / y.length, classes);
        double lambda = set.get("lambda").getAsDouble();
        double[] found = new BottleneckSolver(BottleneckPenalty.L1, lambda, TOLERANCE).solve(loss, new double[loss.size()]).parameters();
        assertArrayEquals(weights, Arrays.copyOf(found, weights.length), WEIGHTS, set.get("name").getAsString());
        assertArrayEquals(flat(set.getAsJsonArray("bias")), Arrays.copyOfRange(found, weights.length, found.length), WEIGHTS);
        assertEquals(set.get("objective").getAsDouble(), objective(loss, found, lambda), 1e-12);
        sets++;
      }
    }
    assertEquals(3, sets);
  }

  @ParameterizedTest
  @CsvSource({"NONNEGATIVE,0.05,0", "NONNEGATIVE,0.01,0", "NONNEGATIVE,0.002,1", "L1,0.05,0", "L1,0.01,1", "L1,0.002,0"})
  void agreesWithCoordinateDescent(BottleneckPenalty penalty, double lambda, double common) {
    Problem problem = Problem.random(7, 120, 20, 3, common);
    BottleneckLoss loss = problem.loss();
    BottleneckSolver.Solution solution = new BottleneckSolver(penalty, lambda, TOLERANCE).solve(loss, new double[loss.size()]);
    assertTrue(solution.residual() <= TOLERANCE, () -> "residual " + solution.residual());
    double[] slow = coordinateDescent(problem, penalty, lambda);
    // The losses' difference is of second order in that of the parameters, so it is compared much more closely.
    assertEquals(objective(loss, slow, lambda), objective(loss, solution.parameters(), lambda), 1e-13);
    assertArrayEquals(slow, solution.parameters(), 1e-6);
  }

  @ParameterizedTest
  @EnumSource(BottleneckPenalty.class)
  void theConditionsOfOptimalityHold(BottleneckPenalty penalty) {
    double lambda = 0.01;
    BottleneckLoss loss = Problem.random(3, 200, 60, 5, 0.7).loss();
    double[] found = new BottleneckSolver(penalty, lambda, TOLERANCE).solve(loss, new double[loss.size()]).parameters();
    double[] gradient = new double[loss.size()];
    loss.gradient(found, gradient);
    int weights = loss.classes() * loss.columns();
    int zeros = 0;
    for (int i = 0; i < weights; i++) {
      double w = found[i];
      if (w == 0) {
        zeros++;
        assertTrue(-gradient[i] <= lambda + TOLERANCE && (penalty == BottleneckPenalty.NONNEGATIVE || gradient[i] <= lambda + TOLERANCE));
      } else {
        assertTrue(penalty == BottleneckPenalty.L1 || w > 0, "a negative weight");
        assertEquals(-lambda * Math.signum(w), gradient[i], TOLERANCE);
      }
    }
    for (int i = weights; i < found.length; i++) {
      assertEquals(0, gradient[i], TOLERANCE);
    }
    assertTrue(zeros > weights / 2 && zeros < weights, zeros + " of " + weights + " weights are 0");
  }

  @ParameterizedTest
  @EnumSource(BottleneckPenalty.class)
  void theLargestLambdaIsWhereWeightsBegin(BottleneckPenalty penalty) {
    Problem problem = Problem.random(11, 90, 12, 3, 0);
    BottleneckLoss loss = problem.loss();
    double[] start = new double[loss.size()];
    double largest = BottleneckSolver.largestLambda(loss, penalty, problem.y(), start);
    double[] above = new BottleneckSolver(penalty, largest * 1.0001, TOLERANCE).solve(loss, start).parameters();
    double[] below = new BottleneckSolver(penalty, largest * 0.9999, TOLERANCE).solve(loss, start).parameters();
    assertTrue(Arrays.stream(above, 0, 36).allMatch(w -> w == 0));
    assertEquals(1, Arrays.stream(below, 0, 36).filter(w -> w != 0).count());
  }

  @Test
  void whereTheSearchBeginsDoesNotMatter() {
    BottleneckLoss loss = Problem.random(5, 100, 25, 3, 1).loss();
    BottleneckSolver solver = new BottleneckSolver(BottleneckPenalty.NONNEGATIVE, 0.003, TOLERANCE);
    double[] start = new double[loss.size()];
    Arrays.fill(start, 0, loss.classes() * loss.columns(), 0.7);
    assertArrayEquals(solver.solve(loss, new double[loss.size()]).parameters(), solver.solve(loss, start).parameters(), 1e-7);
  }

  @Test
  void gradientsAreThoseOfDifferences() {
    BottleneckLoss loss = Problem.random(2, 17, 7, 3, 0).loss();
    Random random = new Random(1);
    double[] at = random.doubles(loss.size(), -1, 1).toArray();
    double[] gradient = new double[loss.size()];
    double[] unused = new double[loss.size()];
    loss.gradient(at, gradient);
    for (int i = 0; i < at.length; i++) {
      double h = 1e-5;
      double[] up = at.clone();
      double[] down = at.clone();
      up[i] += h;
      down[i] -= h;
      // The error of a central difference: h^2 / 6 times a third derivative (below 4 here), and rounding of 1e-16 / h.
      assertEquals((loss.gradient(up, unused) - loss.gradient(down, unused)) / (2 * h), gradient[i], 1e-9);
    }
  }

  @Test
  void largeScoresDoNotOverflow() {
    double[] scores = {1000, -1000, 999};
    assertEquals(1000 + Math.log1p(Math.exp(-1)), BottleneckLoss.softmax(scores), 1e-12);
    assertArrayEquals(new double[] {1 / (1 + Math.exp(-1)), 0, Math.exp(-1) / (1 + Math.exp(-1))}, scores, 1e-15);
  }

  /** One weight after the other, by the upper bound 1/4 of its second derivative; thousands of rounds. */
  private static double[] coordinateDescent(Problem problem, BottleneckPenalty penalty, double lambda) {
    BottleneckLoss loss = problem.loss();
    double[] found = new double[loss.size()];
    double[] gradient = new double[loss.size()];
    int weights = loss.classes() * loss.columns();
    double moved;
    int rounds = 0;
    do {
      moved = 0;
      for (int i = 0; i < found.length; i++) {
        loss.gradient(found, gradient);
        double target = found[i] - 4 * gradient[i];
        double next = i < weights ? threshold(target, 4 * lambda, penalty) : target;
        moved = Math.max(moved, Math.abs(next - found[i]));
        found[i] = next;
      }
    } while (moved > 1e-10 && ++rounds < 20_000);
    double mean = Arrays.stream(found, weights, found.length).average().orElseThrow();
    for (int i = weights; i < found.length; i++) {
      found[i] -= mean;
    }
    return found;
  }

  private static double threshold(double value, double by, BottleneckPenalty penalty) {
    double shrunk = Math.signum(value) * Math.max(0, Math.abs(value) - by);
    return penalty == BottleneckPenalty.NONNEGATIVE ? Math.max(0, shrunk) : shrunk;
  }

  private static double objective(BottleneckLoss loss, double[] parameters, double lambda) {
    double size = Arrays.stream(parameters, 0, loss.classes() * loss.columns()).map(Math::abs).sum();
    return loss.lossAndAccuracy(parameters)[0] + lambda * size;
  }

  private static double[] flat(JsonArray rows) {
    return StreamSupport.stream(rows.spliterator(), false)
        .flatMap(row -> row.isJsonArray() ? StreamSupport.stream(row.getAsJsonArray().spliterator(), false) : Stream.of(row))
        .mapToDouble(JsonElement::getAsDouble).toArray();
  }
}
