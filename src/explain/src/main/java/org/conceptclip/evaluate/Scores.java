package org.conceptclip.evaluate;

import java.util.List;

/**
 * Scores of items and what is true of them. The arrays are shared, not copied: callers must not change them.
 *
 * <p>Of one label an item: {@code truth[i]} is the index of its class, and {@code scores[i]} are probabilities whose sum is 1. Of several
 * labels an item: see {@link MultiLabel}.
 */
public sealed interface Scores permits Scores.MultiClass, Scores.MultiLabel {
  /** Names of the classes or labels [C]. */
  List<String> labels();

  /** Number of items N. */
  int items();

  /**
   * One class an item; two classes are the binary case, in which the second is the positive one.
   *
   * @param labels [C], at least two
   * @param truth index of each item's class [N]
   * @param scores probabilities [N][C]
   */
  record MultiClass(List<String> labels, int[] truth, double[][] scores) implements Scores {
    public MultiClass {
      labels = List.copyOf(labels);
    }

    @Override
    public int items() {
      return truth.length;
    }
  }

  /**
   * Any number of labels an item.
   *
   * @param labels [C], at least one
   * @param truth whether a label is true of an item [N][C]
   * @param scores from 0 to 1, each for itself [N][C]; a label counts as predicted from 0.5 on
   */
  record MultiLabel(List<String> labels, boolean[][] truth, double[][] scores) implements Scores {
    public MultiLabel {
      labels = List.copyOf(labels);
    }

    @Override
    public int items() {
      return truth.length;
    }
  }
}
