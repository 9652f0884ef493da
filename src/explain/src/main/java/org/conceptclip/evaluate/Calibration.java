package org.conceptclip.evaluate;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.util.ArgMax;

/**
 * Expected calibration error over 15 bins of equal width, (0, 1/15], (1/15, 2/15] to (14/15, 1]; a confidence of 0 falls into the first.
 * It is the sum over bins of (share of the decisions in the bin) * |mean confidence - share of them that is right|.
 *
 * <p>Of one class an item (Guo et al. 2017, "On Calibration of Modern Neural Networks"), a decision is an item, its confidence the highest
 * probability, and it is right if that class is true. Of several labels an item, every pair of an item and a label is a decision, its
 * confidence is the label's score, and "right" means that the label is true: the reliability of binary forecasts, for which a score of 0.1
 * is good if one in ten such labels is true.
 */
final class Calibration {
  static final int BINS = 15;

  private final int items;
  /** Decision d belongs to item d % items. */
  private final double[] confidence;
  /** 2 * bin + (1 if right). */
  private final byte[] codes;

  private Calibration(int items, int decisions) {
    this.items = items;
    confidence = new double[decisions];
    codes = new byte[decisions];
  }

  static Calibration of(Scores scores) {
    return switch (scores) {
      case Scores.MultiClass one -> {
        Calibration result = new Calibration(one.items(), one.items());
        for (int i = 0; i < result.items; i++) {
          int top = ArgMax.of(one.scores()[i]);
          result.set(i, one.scores()[i][top], top == one.truth()[i]);
        }
        yield result;
      }
      case Scores.MultiLabel several -> {
        int labels = several.labels().size();
        Calibration result = new Calibration(several.items(), Math.multiplyExact(several.items(), labels));
        for (int label = 0; label < labels; label++) {
          for (int i = 0; i < result.items; i++) {
            result.set(label * result.items + i, several.scores()[i][label], several.truth()[i][label]);
          }
        }
        yield result;
      }
    };
  }

  private void set(int decision, double value, boolean right) {
    confidence[decision] = value;
    codes[decision] = (byte) (2 * bin(value) + (right ? 1 : 0));
  }

  /** The bin of a confidence; one that rounding has pushed above 1 belongs to the last. */
  static int bin(double confidence) {
    int bin = 0;
    while (bin < BINS - 1 && confidence > edge(bin + 1)) {
      bin++;
    }
    return bin;
  }

  private static double edge(int number) {
    return number / (double) BINS;
  }

  /** The error where item i occurs {@code counts[i]} times. */
  double error(int[] counts) {
    double[] excess = new double[BINS];
    long all = 0;
    for (int start = 0; start < codes.length; start += items) {
      for (int i = 0; i < items; i++) {
        int code = codes[start + i];
        excess[code >> 1] += counts[i] * ((code & 1) - confidence[start + i]);
        all += counts[i];
      }
    }
    double sum = 0;
    for (double bin : excess) {
      sum += Math.abs(bin);
    }
    return sum / all;
  }

  ClassificationReport.Reliability reliability() {
    long[] all = new long[BINS];
    long[] right = new long[BINS];
    double[] sum = new double[BINS];
    for (int d = 0; d < codes.length; d++) {
      int bin = codes[d] >> 1;
      all[bin]++;
      right[bin] += codes[d] & 1;
      sum[bin] += confidence[d];
    }
    List<ClassificationReport.Reliability.Bin> bins = new ArrayList<>();
    for (int b = 0; b < BINS; b++) { // 0 / 0.0 is the NaN of an empty bin
      bins.add(new ClassificationReport.Reliability.Bin(
          edge(b), edge(b + 1), all[b], sum[b] / all[b], right[b] / (double) all[b]));
    }
    return new ClassificationReport.Reliability(List.copyOf(bins));
  }
}
