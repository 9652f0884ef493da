package org.conceptclip.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

class ScoringOptionsTest {
  private static final double[] GLOBAL = {0, Math.log(3), -800, 800};
  private static final double[] LOCAL = {Math.log(3), 0, 0, 0};

  @Test
  void severalLabelsAreScoredEachForItself() {
    // sigmoid(0) = 1/2, sigmoid(ln 3) = 3/4; the tails neither overflow nor become NaN.
    double[] global = {0.5, 0.75, 0, 1};
    double[] local = {0.75, 0.5, 0.5, 0.5};
    assertArrayEquals(global, new ScoringOptions(Scoring.GLOBAL, 1, 0.5).independentProbabilities(GLOBAL, null), 1e-15);
    assertArrayEquals(local, new ScoringOptions(Scoring.LOCAL, 1, 0.5).independentProbabilities(null, LOCAL), 1e-15);
    assertArrayEquals(new double[] {0.55, 0.7, 0.1, 0.9},
        new ScoringOptions(Scoring.ENSEMBLE, 1, 0.2).independentProbabilities(GLOBAL, LOCAL), 1e-15);
  }
}
