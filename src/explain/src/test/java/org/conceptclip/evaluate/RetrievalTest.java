package org.conceptclip.evaluate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.Test;

class RetrievalTest {
  private static final BootstrapOptions PLAIN = BootstrapOptions.of(0);

  /**
   * Vectors of four entries of 1 or -1, other entries 0, times a power of two: their length is a power of two, so cosines are exact, and
   * ties are as frequent as they are among 9 values.
   */
  private static float[][] coarse(int count, int dimension, SplittableRandom random) {
    float[][] vectors = new float[count][dimension];
    for (float[] vector : vectors) {
      float scale = 1 << random.nextInt(3);
      for (int left = 4; left > 0;) {
        int d = random.nextInt(dimension);
        if (vector[d] == 0) {
          vector[d] = random.nextBoolean() ? scale : -scale;
          left--;
        }
      }
    }
    return vectors;
  }

  /** Four times the cosine, in integers. */
  private static int similarity(float[] a, float[] b) {
    int sum = 0;
    for (int d = 0; d < a.length; d++) {
      sum += (int) (Math.signum(a[d]) * Math.signum(b[d]));
    }
    return sum;
  }

  @Test
  void ranksAreThoseOfADoubleLoopWithTies() {
    SplittableRandom random = new SplittableRandom(3);
    for (int dimension : new int[] {7, 12}) {
      float[][] images = coarse(301, dimension, random);
      float[][] texts = coarse(700, dimension, random);
      int[] imageOfText = IntStream.range(0, 700).map(t -> t < 301 ? 300 - t : random.nextInt(301)).toArray();
      RetrievalReport report = Retrieval.report(images, texts, imageOfText, List.of(1, 7), PLAIN);
      RetrievalReport ofTensors = Retrieval.report(tensor(images), tensor(texts), imageOfText, List.of(1, 7), PLAIN);
      assertArrayEquals(report.textToImage().ranks(), ofTensors.textToImage().ranks());
      int[] ofImages = new int[301];
      Arrays.fill(ofImages, Integer.MAX_VALUE);
      for (int t = 0; t < texts.length; t++) {
        int image = imageOfText[t];
        int partner = similarity(images[image], texts[t]);
        int before = 1;
        for (int i = 0; i < images.length; i++) {
          int other = similarity(images[i], texts[t]);
          before += other > partner || other == partner && i < image ? 1 : 0;
        }
        assertEquals(before, report.textToImage().ranks()[t], "text " + t);
        int rank = 1;
        for (int u = 0; u < texts.length; u++) {
          int other = similarity(images[image], texts[u]);
          rank += other > partner || other == partner && u < t ? 1 : 0;
        }
        ofImages[image] = Math.min(ofImages[image], rank);
      }
      assertArrayEquals(ofImages, report.imageToText().ranks());
      assertEquals(Arrays.stream(ofImages).filter(rank -> rank <= 7).count() / 301.0, report.imageToText().recall().get(1).value().value());
      assertEquals(7, report.imageToText().recall().get(1).k());
      assertEquals(700, report.imageToText().gallery());
      assertEquals(301, report.textToImage().gallery());
    }
  }

  @Test
  void ranksOfAnyVectorsAndNumbersOfThreads() throws Exception {
    SplittableRandom random = new SplittableRandom(8);
    int count = 260;
    int dimension = 33;
    float[][] images = new float[count][dimension];
    float[][] texts = new float[count][dimension];
    for (int i = 0; i < count; i++) {
      for (int d = 0; d < dimension; d++) {
        images[i][d] = (float) random.nextGaussian();
        texts[i][d] = (float) (images[i][d] * 5 + 9 * random.nextGaussian());
      }
    }
    int[] expected = new int[count];
    for (int i = 0; i < count; i++) {
      for (int t = 0; t < count; t++) {
        expected[i] += cosine(images[i], texts[t]) >= cosine(images[i], texts[i]) ? 1 : 0;
      }
    }
    BootstrapOptions options = BootstrapOptions.of(50);
    String[] reports = new String[2];
    for (int threads : new int[] {1, 4}) {
      try (ForkJoinPool pool = new ForkJoinPool(threads)) {
        RetrievalReport report = pool.submit(() -> Retrieval.report(tensor(images), tensor(texts), options)).get();
        assertArrayEquals(expected, report.imageToText().ranks());
        reports[threads / 4] = report.toString().replaceAll("\\[I@\\w+", "");
      }
    }
    assertEquals(reports[0], reports[1]);
    assertEquals(RetrievalReport.RANKS,
        Retrieval.report(images, texts, PLAIN).imageToText().recall().stream().map(RetrievalReport.Recall::k).toList());
  }

  private static HostTensor tensor(float[][] rows) {
    float[] all = new float[rows.length * rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, all, i * rows[0].length, rows[0].length);
    }
    return HostTensor.of(all, rows.length, rows[0].length);
  }

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double squareA = 0;
    double squareB = 0;
    for (int d = a.length - 1; d >= 0; d--) {
      dot += (double) a[d] * b[d];
      squareA += (double) a[d] * a[d];
      squareB += (double) b[d] * b[d];
    }
    return dot / Math.sqrt(squareA * squareB);
  }

  /** Texts at angles such that the ranks of the images are 1, 2, 3 and 4: torch.median of 0, 1, 2, 3 is 1. */
  @Test
  void medianIsTheLowerOfTwo() {
    float[][] images = {{1, 0}, {1, 0}, {1, 0}, {1, 0}};
    float[][] texts = {{1, 0}, {1, 1}, {1, 2}, {1, 3}};
    RetrievalReport.Direction direction = Retrieval.report(images, texts, BootstrapOptions.of(4000)).imageToText();
    assertArrayEquals(new int[] {1, 2, 3, 4}, direction.ranks());
    assertEquals(2, direction.medianRank().value());
    assertEquals(2.5, direction.meanRank().value());
    assertEquals(0.25, direction.recall().get(0).value().value());
    assertEquals(1, direction.recall().get(1).value().value());
    assertEquals(new Interval(0.25, 0, 0.75), direction.recall().get(0).value()); // of 4 draws none, or 3, with 32 % and 4.7 %
    assertEquals(1, direction.medianRank().low()); // at least two of four draws of the first: 26 %
    assertEquals(4, direction.medianRank().high()); // at least three of the last: 5.1 %
  }

  /** Of 400 queries a recall has the standard error of a binomial share, which 1,000 resamples know to 2.2 %. */
  @Test
  void intervalsAreThoseOfQueries() {
    SplittableRandom random = new SplittableRandom(4);
    RetrievalReport.Direction direction =
        Retrieval.report(coarse(400, 9, random), coarse(400, 9, random), BootstrapOptions.of(1000)).textToImage();
    Interval recall = direction.recall().getLast().value();
    assertTrue(recall.value() > 0.3 && recall.value() < 0.7, recall.toString());
    double error = Math.sqrt(recall.value() * (1 - recall.value()) / 400);
    assertEquals(2 * 1.96 * error, recall.high() - recall.low(), 2 * 1.96 * error * 0.12);
    assertTrue(direction.meanRank().low() < direction.meanRank().value() && direction.meanRank().value() < direction.meanRank().high());
  }

  @Test
  void badVectorsAreRefused() {
    float[][] good = {{1, 0}, {0, 1}};
    assertRefused("2 images and 1 texts, expected as many, or the image of each text",
        () -> Retrieval.report(good, new float[1][2], PLAIN));
    assertRefused("text 1: vector of the length 0.0, expected a direction",
        () -> Retrieval.report(good, new float[][] {{1, 0}, {0, 0}}, PLAIN));
    assertRefused("image 0: vector of the length NaN, expected a direction",
        () -> Retrieval.report(new float[][] {{1, Float.NaN}, {0, 1}}, good, PLAIN));
    assertRefused("image 1: vector of the length Infinity, expected a direction",
        () -> Retrieval.report(new float[][] {{1, 0}, {Float.NEGATIVE_INFINITY, 1}}, good, PLAIN));
    assertRefused("text 0: vector of 3 numbers, expected 2", () -> Retrieval.report(good, new float[2][3], PLAIN));
    assertRefused("image 1: no text belongs to it, expected at least one",
        () -> Retrieval.report(good, good, new int[] {0, 0}, List.of(1), PLAIN));
    assertRefused("text 1: belongs to image 2, expected 0 to 1", () -> Retrieval.report(good, good, new int[] {0, 2}, List.of(1), PLAIN));
    assertRefused("recall at 0, expected a rank above 0", () -> Retrieval.report(good, good, new int[] {0, 1}, List.of(0), PLAIN));
    assertRefused("0 images, 0 texts and the images of 0 texts, expected at least one image, and an image for each text",
        () -> Retrieval.report(new float[0][], new float[0][], PLAIN));
    assertRefused("vectors F32 [2], expected floats [vectors, dimension]",
        () -> Retrieval.report(HostTensor.of(new float[2], 2), HostTensor.of(new float[2], 2), PLAIN));
  }

  private static void assertRefused(String message, Runnable call) {
    assertEquals(message, assertThrows(BadInputException.class, call::run).getMessage());
  }
}
