package org.conceptclip.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Parallel;

/**
 * Retrieval of texts by images and of images by texts, by cosine similarity.
 *
 * <p>A query's rank is the number of entries of the gallery that are more similar to it than its partner, plus the number of equally
 * similar ones that come before the partner. An image with several texts is found at the rank of the best of them; each text has one
 * image. Vectors are normalised and multiplied in float64, in the same order wherever they lie, so equal vectors have equal similarities.
 *
 * <p>Intervals are bootstrapped over the queries, with the gallery as it is: they say how the figures vary with the queries. (Texts of one
 * image are drawn one by one.) The official script draws queries and gallery together, {@code logits[indices][:, indices]}. In such a
 * resample a third of the gallery is missing, and what was drawn twice competes twice, the partner included, so its ranks are those of
 * another gallery, and its interval need not contain the figure itself; it varies the gallery, too, which this one does not.
 *
 * <p>Takes time of images * texts * dimension, and memory that grows with images + texts alone.
 */
public final class Retrieval {
  private Retrieval() {}

  /**
   * Retrieval where image i belongs to text i.
   *
   * @param images [N][D], need not be normalised
   * @param texts [N][D]
   * @throws BadInputException as the method with all parameters does
   */
  public static RetrievalReport report(float[][] images, float[][] texts, BootstrapOptions options) {
    if (images.length != texts.length) {
      throw new BadInputException(images.length + " images and " + texts.length + " texts, expected as many, or the image of each text");
    }
    return report(images, texts, IntStream.range(0, texts.length).toArray(), RetrievalReport.RANKS, options);
  }

  /** {@link #report(float[][], float[][], BootstrapOptions)} of the rows of tensors [N, D] of floating-point numbers, which are copied. */
  public static RetrievalReport report(HostTensor images, HostTensor texts, BootstrapOptions options) {
    return report(rows(images), rows(texts), options);
  }

  /** {@link #report(float[][], float[][], int[], List, BootstrapOptions)} of the rows of tensors [N, D] and [M, D], which are copied. */
  public static RetrievalReport report(
      HostTensor images, HostTensor texts, int[] imageOfText, List<Integer> ranks, BootstrapOptions options) {
    return report(rows(images), rows(texts), imageOfText, ranks, options);
  }

  /**
   * Retrieval with any number of texts an image.
   *
   * @param images [N][D], need not be normalised
   * @param texts [M][D]
   * @param imageOfText index of the image that each text belongs to [M]
   * @param ranks k of each recall, above 0
   * @throws BadInputException if there is no image, an image has no text, a text's image does not exist, the vectors' lengths differ, or a
   *     vector is all zeros or not finite
   */
  public static RetrievalReport report(
      float[][] images, float[][] texts, int[] imageOfText, List<Integer> ranks, BootstrapOptions options) {
    check(images, texts, imageOfText, ranks);
    Ranks found = new Ranks(images, texts, imageOfText);
    found.count();
    return new RetrievalReport(
        direction(found.ofImages(), texts.length, ranks, options), direction(found.ofTexts(), images.length, ranks, options));
  }

  private static RetrievalReport.Direction direction(int[] zeroBased, int gallery, List<Integer> ks, BootstrapOptions options) {
    int[] order = IntStream.range(0, zeroBased.length).boxed().sorted((a, b) -> Integer.compare(zeroBased[a], zeroBased[b]))
        .mapToInt(Integer::intValue).toArray();
    double[] values = figures(zeroBased, order, ks, Resampling.once(zeroBased.length));
    double[][] resampled = Resampling.run(options, zeroBased.length, values.length, counts -> figures(zeroBased, order, ks, counts));
    List<Interval> intervals = new ArrayList<>();
    for (int f = 0; f < values.length; f++) {
      intervals.add(Resampling.interval(values[f], resampled[f], options.level()));
    }
    List<RetrievalReport.Recall> recalls = IntStream.range(0, ks.size())
        .mapToObj(i -> new RetrievalReport.Recall(ks.get(i), intervals.get(i))).toList();
    int[] ranks = IntStream.of(zeroBased).map(rank -> rank + 1).toArray();
    return new RetrievalReport.Direction(
        zeroBased.length, gallery, recalls, intervals.get(ks.size()), intervals.get(ks.size() + 1), ranks);
  }

  /**
   * The recall of each k, the median rank, the mean rank, where query i occurs {@code counts[i]} times.
   *
   * @param order queries by ascending rank
   */
  private static double[] figures(int[] zeroBased, int[] order, List<Integer> ks, int[] counts) {
    double[] figures = new double[ks.size() + 2];
    int middle = (order.length - 1) / 2;
    long seen = 0;
    long sum = 0;
    long[] within = new long[ks.size()];
    for (int query : order) {
      int count = counts[query];
      if (seen <= middle) { // the last query for which this holds is the one in the middle
        figures[ks.size()] = zeroBased[query] + 1;
      }
      seen += count;
      sum += (long) count * (zeroBased[query] + 1);
      for (int i = 0; i < within.length; i++) {
        within[i] += zeroBased[query] < ks.get(i) ? count : 0;
      }
    }
    for (int i = 0; i < within.length; i++) {
      figures[i] = within[i] / (double) seen;
    }
    figures[ks.size() + 1] = sum / (double) seen;
    return figures;
  }

  private static void check(float[][] images, float[][] texts, int[] imageOfText, List<Integer> ranks) {
    if (images.length == 0 || imageOfText.length != texts.length) {
      throw new BadInputException(images.length + " images, " + texts.length + " texts and the images of " + imageOfText.length
          + " texts, expected at least one image, and an image for each text");
    }
    ranks.stream().filter(k -> k < 1).findFirst().ifPresent(k -> {
      throw new BadInputException("recall at " + k + ", expected a rank above 0");
    });
    boolean[] found = new boolean[images.length];
    for (int t = 0; t < imageOfText.length; t++) {
      if (imageOfText[t] < 0 || imageOfText[t] >= images.length) {
        throw new BadInputException("text " + t + ": belongs to image " + imageOfText[t] + ", expected 0 to " + (images.length - 1));
      }
      found[imageOfText[t]] = true;
    }
    for (int i = 0; i < found.length; i++) {
      if (!found[i]) {
        throw new BadInputException("image " + i + ": no text belongs to it, expected at least one");
      }
    }
    checkVectors("image", images, images[0].length);
    checkVectors("text", texts, images[0].length);
  }

  private static void checkVectors(String what, float[][] vectors, int dimension) {
    for (int i = 0; i < vectors.length; i++) {
      if (vectors[i].length != dimension) {
        throw new BadInputException(what + " " + i + ": vector of " + vectors[i].length + " numbers, expected " + dimension);
      }
      double square = Ranks.dot(vectors[i], vectors[i], 1, 1);
      if (!(square > 0 && square < Double.POSITIVE_INFINITY)) {
        throw new BadInputException(what + " " + i + ": vector of the length " + Math.sqrt(square) + ", expected a direction");
      }
    }
  }

  private static float[][] rows(HostTensor tensor) {
    if (tensor.shape().rank() != 2 || !tensor.dtype().isFloat()) {
      throw new BadInputException("vectors " + tensor.dtype() + " " + tensor.shape() + ", expected floats [vectors, dimension]");
    }
    int count = Math.toIntExact(tensor.shape().extent(0));
    int dimension = Math.toIntExact(tensor.shape().extent(1));
    return Parallel.map(count, row -> {
      float[] values = new float[dimension];
      for (int d = 0; d < dimension; d++) {
        values[d] = tensor.getFloat((long) row * dimension + d);
      }
      return values;
    }).toArray(float[][]::new);
  }
}
