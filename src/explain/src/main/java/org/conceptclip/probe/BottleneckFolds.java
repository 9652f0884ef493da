package org.conceptclip.probe;

import java.util.Random;
import java.util.stream.IntStream;

/**
 * Stratified folds: each class is dealt out over them as evenly as its items allow, in an order that a seed decides. An item whose class
 * has no other item is in no fold, so that every fold's training part knows every class.
 *
 * @param of the fold of each item [N], or -1
 */
record BottleneckFolds(int[] of, int count) {
  /** @param y classes of the items, 0 to {@code classes - 1} */
  static BottleneckFolds stratified(int[] y, int classes, int count, long seed) {
    int[] folds = new int[y.length];
    Random random = new Random(seed);
    int next = 0;
    for (int k = 0; k < classes; k++) {
      int wanted = k;
      int[] items = IntStream.range(0, y.length).filter(i -> y[i] == wanted).toArray();
      shuffle(items, random);
      for (int item : items) {
        // The next class goes on where this one ended, so that folds differ by one item at most.
        folds[item] = items.length == 1 ? -1 : next++ % count;
      }
    }
    return new BottleneckFolds(folds, count);
  }

  private static void shuffle(int[] items, Random random) {
    for (int i = items.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int kept = items[i];
      items[i] = items[j];
      items[j] = kept;
    }
  }

  /** The items of a fold, in their order. */
  int[] inside(int fold) {
    return IntStream.range(0, of.length).filter(i -> of[i] == fold).toArray();
  }

  /** All other items, in their order. */
  int[] outside(int fold) {
    return IntStream.range(0, of.length).filter(i -> of[i] != fold).toArray();
  }
}
