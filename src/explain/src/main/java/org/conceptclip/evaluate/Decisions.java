package org.conceptclip.evaluate;

import org.conceptclip.util.ArgMax;

/**
 * What is predicted of each item: of one class an item the most probable class, and of equal ones the first; of several labels an item
 * every label whose score is at least 0.5. Immutable.
 */
final class Decisions {
  private static final double THRESHOLD = 0.5;
  private static final int TRUE = 1;
  private static final int PREDICTED = 2;

  private final int items;
  private final boolean multiClass;
  /** Whether all that is predicted of an item is right [N]. */
  private final boolean[] right;
  /** For each label, {@link #TRUE} and {@link #PREDICTED} of each item [C][N]. */
  private final byte[][] flags;

  private Decisions(int items, int labels, boolean multiClass) {
    this.items = items;
    this.multiClass = multiClass;
    right = new boolean[items];
    flags = new byte[labels][items];
  }

  static Decisions of(Scores scores) {
    int labels = scores.labels().size();
    return switch (scores) {
      case Scores.MultiClass one -> {
        Decisions result = new Decisions(one.items(), labels, true);
        for (int i = 0; i < result.items; i++) {
          int top = ArgMax.of(one.scores()[i]);
          result.flags[one.truth()[i]][i] |= TRUE;
          result.flags[top][i] |= PREDICTED;
          result.right[i] = top == one.truth()[i];
        }
        yield result;
      }
      case Scores.MultiLabel several -> {
        Decisions result = new Decisions(several.items(), labels, false);
        for (int i = 0; i < result.items; i++) {
          boolean all = true;
          for (int label = 0; label < labels; label++) {
            boolean truth = several.truth()[i][label];
            boolean predicted = several.scores()[i][label] >= THRESHOLD;
            result.flags[label][i] = (byte) ((truth ? TRUE : 0) + (predicted ? PREDICTED : 0));
            all &= truth == predicted;
          }
          result.right[i] = all;
        }
        yield result;
      }
    };
  }

  boolean right(int item) {
    return right[item];
  }

  /** Counts decisions where item i occurs {@code counts[i]} times. */
  Tally tally(int[] counts) {
    Tally tally = new Tally(flags.length, multiClass);
    for (int i = 0; i < items; i++) {
      tally.all += counts[i];
      tally.right += right[i] ? counts[i] : 0;
    }
    for (int label = 0; label < flags.length; label++) {
      byte[] ofLabel = flags[label];
      long truth = 0;
      long predicted = 0;
      long both = 0;
      for (int i = 0; i < items; i++) {
        int isTrue = -(ofLabel[i] & TRUE) & counts[i];
        int isPredicted = -(ofLabel[i] >> 1) & counts[i];
        truth += isTrue;
        predicted += isPredicted;
        both += isTrue & isPredicted;
      }
      tally.truth[label] = truth;
      tally.predicted[label] = predicted;
      tally.both[label] = both;
    }
    return tally;
  }

  /** Numbers of items. Ratios whose denominator is 0 are 0, as with scikit-learn's {@code zero_division=0}, unless they say otherwise. */
  static final class Tally {
    private final boolean multiClass;
    private final long[] truth;
    private final long[] predicted;
    private final long[] both;
    private long all;
    private long right;

    private Tally(int labels, boolean multiClass) {
      this.multiClass = multiClass;
      truth = new long[labels];
      predicted = new long[labels];
      both = new long[labels];
    }

    long positives(int label) {
      return truth[label];
    }

    double accuracy() {
      return right / (double) all;
    }

    /** Of one class an item: mean recall of the classes that have items. Of several labels: see {@link ClassificationReport}. */
    double balancedAccuracy() {
      double sum = 0;
      int labels = 0;
      for (int label = 0; label < truth.length; label++) {
        long others = all - truth[label];
        if (truth[label] == 0 || !multiClass && others == 0) {
          continue;
        }
        long rejected = others - (predicted[label] - both[label]);
        sum += multiClass ? recall(label) : (recall(label) + rejected / (double) others) / 2;
        labels++;
      }
      return labels == 0 ? Double.NaN : sum / labels;
    }

    double precision(int label) {
      return ratio(both[label], predicted[label]);
    }

    double recall(int label) {
      return ratio(both[label], truth[label]);
    }

    double f1(int label) {
      return ratio(2 * both[label], truth[label] + predicted[label]);
    }

    double f1Macro() {
      double sum = 0;
      for (int label = 0; label < truth.length; label++) {
        sum += f1(label);
      }
      return sum / truth.length;
    }

    private static double ratio(long part, long whole) {
      return whole == 0 ? 0 : part / (double) whole;
    }
  }
}
