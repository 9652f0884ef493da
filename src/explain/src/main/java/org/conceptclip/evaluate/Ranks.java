package org.conceptclip.evaluate;

import java.util.Arrays;
import org.conceptclip.util.Parallel;

/**
 * Counts what is more similar to a query than its partner, in both directions with one product of all images with all texts. A task
 * multiplies a block of images with one block of texts after the other, so nothing of the size images * texts is kept.
 *
 * <p>A similarity is the sum, from the first dimension to the last, of products of normalised numbers in float64, wherever it is computed:
 * a partner's similarity in {@link #dot} has the same bits as in a block, so that a tie is a tie.
 */
final class Ranks {
  /** Images of a task; its normalised copy of a block of texts serves all of them. */
  private static final int IMAGES = 128;
  /** Images that are multiplied at once: their sums fit the first cache. */
  private static final int STRIP = 16;
  private static final int TEXTS = 128;
  /** Dimensions that a sum takes at once, so that it is loaded and stored less often. */
  private static final int STEP = 4;

  private final float[][] images;
  private final float[][] texts;
  private final int[] imageOfText;
  private final int dimension;
  private final double[] imageScales;
  private final double[] textScales;
  /** The most similar text of each image's own, of equal ones the first, and its similarity. */
  private final int[] bestText;
  private final double[] bestOfImage;
  private final double[] ofText;
  private final int[] imageRanks;
  private final int[] textRanks;

  Ranks(float[][] images, float[][] texts, int[] imageOfText) {
    this.images = images;
    this.texts = texts;
    this.imageOfText = imageOfText;
    dimension = images[0].length;
    imageScales = scales(images);
    textScales = scales(texts);
    bestText = new int[images.length];
    bestOfImage = new double[images.length];
    ofText = new double[texts.length];
    imageRanks = new int[images.length];
    textRanks = new int[texts.length];
    Arrays.fill(bestOfImage, Double.NEGATIVE_INFINITY);
    for (int t = 0; t < texts.length; t++) {
      int image = imageOfText[t];
      ofText[t] = dot(images[image], texts[t], imageScales[image], textScales[t]);
      if (ofText[t] > bestOfImage[image]) {
        bestOfImage[image] = ofText[t];
        bestText[image] = t;
      }
    }
  }

  /** Ranks of the images, counted from 0. */
  int[] ofImages() {
    return imageRanks;
  }

  /** Ranks of the texts, counted from 0. */
  int[] ofTexts() {
    return textRanks;
  }

  /** The sum of {@code (a[d] * scaleA) * (b[d] * scaleB)}. */
  static double dot(float[] a, float[] b, double scaleA, double scaleB) {
    double sum = 0;
    for (int d = 0; d < a.length; d++) {
      sum += (a[d] * scaleA) * (b[d] * scaleB);
    }
    return sum;
  }

  private static double[] scales(float[][] vectors) {
    double[] scales = new double[vectors.length];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = 1 / Math.sqrt(dot(vectors[i], vectors[i], 1, 1));
    }
    return scales;
  }

  void count() {
    int tasks = (images.length + IMAGES - 1) / IMAGES;
    Parallel.map(tasks, task -> {
      countOf(task * IMAGES, Math.min(images.length, (task + 1) * IMAGES));
      return null;
    });
  }

  private void countOf(int first, int end) {
    double[][][] strips = new double[(end - first + STRIP - 1) / STRIP][dimension][STRIP];
    for (int s = 0; s < strips.length; s++) {
      int from = first + s * STRIP;
      columns(images, imageScales, from, Math.min(end, from + STRIP), strips[s]);
    }
    double[][] block = new double[dimension][TEXTS];
    double[][] sums = new double[STRIP][TEXTS];
    int[] ofTexts = new int[texts.length];
    for (int text = 0; text < texts.length; text += TEXTS) {
      int lastText = Math.min(texts.length, text + TEXTS);
      columns(texts, textScales, text, lastText, block);
      for (int s = 0; s < strips.length; s++) {
        multiply(strips[s], block, sums);
        int from = first + s * STRIP;
        compare(sums, from, Math.min(end, from + STRIP), text, lastText, ofTexts);
      }
    }
    synchronized (textRanks) {
      for (int t = 0; t < textRanks.length; t++) {
        textRanks[t] += ofTexts[t];
      }
    }
  }

  /** Normalised vectors as columns of target [dimension][width]; those beyond the last keep what they had, and nobody reads their sums. */
  private static void columns(float[][] vectors, double[] scales, int first, int end, double[][] target) {
    for (int v = first; v < end; v++) {
      for (int d = 0; d < target.length; d++) {
        target[d][v - first] = vectors[v][d] * scales[v];
      }
    }
  }

  /** sums [STRIP][TEXTS] of strip [dimension][STRIP] and block [dimension][TEXTS]. */
  private void multiply(double[][] strip, double[][] block, double[][] sums) {
    for (double[] row : sums) {
      Arrays.fill(row, 0);
    }
    int d = 0;
    for (; d + STEP <= dimension; d += STEP) {
      for (int q = 0; q < STRIP; q++) {
        add(strip[d][q], block[d], strip[d + 1][q], block[d + 1], strip[d + 2][q], block[d + 2], strip[d + 3][q], block[d + 3], sums[q]);
      }
    }
    for (; d < dimension; d++) {
      for (int q = 0; q < STRIP; q++) {
        for (int t = 0; t < TEXTS; t++) {
          sums[q][t] += strip[d][q] * block[d][t];
        }
      }
    }
  }

  /**
   * Adds four dimensions of one image to its sums with the texts of a block. The compiler vectorises this loop, as it does not where rows
   * are parts of one array: they might overlap then.
   */
  private static void add(
      double a, double[] ofA, double b, double[] ofB, double c, double[] ofC, double d, double[] ofD, double[] sums) {
    for (int t = 0; t < TEXTS; t++) {
      sums[t] = sums[t] + a * ofA[t] + b * ofB[t] + c * ofC[t] + d * ofD[t];
    }
  }

  private void compare(double[][] sums, int firstImage, int endImage, int firstText, int endText, int[] ofTexts) {
    for (int i = firstImage; i < endImage; i++) {
      double[] row = sums[i - firstImage];
      int ahead = 0;
      for (int t = firstText; t < endText; t++) {
        double similarity = row[t - firstText];
        if (similarity > bestOfImage[i] || similarity == bestOfImage[i] && t < bestText[i]) {
          ahead++;
        }
        if (similarity > ofText[t] || similarity == ofText[t] && i < imageOfText[t]) {
          ofTexts[t]++;
        }
      }
      imageRanks[i] += ahead;
    }
  }
}
