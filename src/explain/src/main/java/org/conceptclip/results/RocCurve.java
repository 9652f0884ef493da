package org.conceptclip.results;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The curve of a class against the rest: share of its items found (y) against share of the others taken for it (x). */
final class RocCurve {
  /** Points nearer than this look the same. */
  private static final double STEP = 0.002;

  private RocCurve() {}

  /**
   * Points from (0, 0) to (1, 1), one a threshold, without those that nobody could tell from their neighbours. Items of equal score are
   * one step, which is then oblique.
   *
   * @param truth [N], true of some items and false of others
   * @param scores [N]
   */
  static List<double[]> points(boolean[] truth, double[] scores) {
    int[] order = IntStream.range(0, scores.length).boxed().sorted((a, b) -> Double.compare(scores[b], scores[a]))
        .mapToInt(Integer::intValue).toArray();
    long positives = IntStream.range(0, truth.length).filter(i -> truth[i]).count();
    double negatives = truth.length - positives;
    List<double[]> points = new ArrayList<>(List.of(new double[] {0, 0}));
    int found = 0;
    for (int i = 0; i < order.length; i++) {
      found += truth[order[i]] ? 1 : 0;
      boolean last = i + 1 == order.length;
      if (last || scores[order[i + 1]] != scores[order[i]]) {
        double x = (i + 1 - found) / negatives;
        double y = found / (double) positives;
        double[] before = points.getLast();
        if (last || x - before[0] + y - before[1] >= STEP) {
          points.add(new double[] {x, y});
        }
      }
    }
    return points;
  }
}
