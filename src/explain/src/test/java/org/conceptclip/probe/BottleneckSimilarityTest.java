package org.conceptclip.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.conceptclip.Embedding;
import org.conceptclip.probe.BottleneckSimilarity.Kind;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;

/** Similarities of images and concepts, on vectors whose cosines are known. */
class BottleneckSimilarityTest {
  /** A whole image at 60 degrees from the first concept, and four patches at 0, 90, 60 and 180 degrees from it. */
  private static final Embedding IMAGE = new Embedding(new float[] {0.5f, (float) Math.sqrt(0.75)},
      new float[][] {{2, 0}, {0, 3}, {1, (float) Math.sqrt(3)}, {-1, 0}}, null);
  private static final float[][] CONCEPTS = {{10, 0}, {0, 1}};

  @Test
  void globalIsTheCosineOfTheWholeImage() {
    assertArrayEquals(new double[] {0.5, Math.sqrt(0.75)}, new BottleneckSimilarity(Kind.GLOBAL, 0).of("scan", IMAGE, CONCEPTS), 1e-7);
  }

  @Test
  void localIsTheMeanOfTheBestPatches() {
    assertArrayEquals(new double[] {1, 1}, new BottleneckSimilarity(Kind.LOCAL, 1).of("scan", IMAGE, CONCEPTS), 1e-7);
    assertArrayEquals(new double[] {0.75, (1 + Math.sqrt(0.75)) / 2},
        new BottleneckSimilarity(Kind.LOCAL, 2).of("scan", IMAGE, CONCEPTS), 1e-7);
    // More patches than the image has: all count.
    assertArrayEquals(new double[] {0.125, (1 + Math.sqrt(0.75)) / 4},
        new BottleneckSimilarity(Kind.LOCAL, 9).of("scan", IMAGE, CONCEPTS), 1e-7);
  }

  @Test
  void vectorsOfZerosAreSimilarToNothing() {
    Embedding none = new Embedding(new float[2], new float[1][2], null);
    assertArrayEquals(new double[2], new BottleneckSimilarity(Kind.GLOBAL, 0).of("scan", none, CONCEPTS));
    assertArrayEquals(new double[2], new BottleneckSimilarity(Kind.LOCAL, 1).of("scan", none, CONCEPTS));
  }

  @Test
  void imagesWithoutNumbersAreRefused() {
    Embedding broken = new Embedding(new float[] {Float.NaN, 1}, new float[][] {{Float.POSITIVE_INFINITY, 0}}, null);
    assertThrows(BadInputException.class, () -> new BottleneckSimilarity(Kind.GLOBAL, 0).of("scan", broken, CONCEPTS));
    assertThrows(BadInputException.class, () -> new BottleneckSimilarity(Kind.LOCAL, 1).of("scan", broken, CONCEPTS));
  }

  @Test
  void oneInTwentyPatchesIsTheDefault() {
    assertEquals(36, BottleneckSimilarity.defaultTopK(729));
    assertEquals(5, BottleneckSimilarity.defaultTopK(100));
    assertEquals(1, BottleneckSimilarity.defaultTopK(4));
  }

  @Test
  void numbersOfPatchesGoWithLocalSimilaritiesAlone() {
    assertThrows(IllegalArgumentException.class, () -> new BottleneckSimilarity(Kind.LOCAL, 0));
    assertThrows(IllegalArgumentException.class, () -> new BottleneckSimilarity(Kind.GLOBAL, 3));
    assertThrows(IllegalStateException.class, () -> new BottleneckSimilarity(Kind.GIVEN, 0).of("scan", IMAGE, CONCEPTS));
  }
}
