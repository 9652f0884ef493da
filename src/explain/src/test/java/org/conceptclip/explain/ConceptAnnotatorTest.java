package org.conceptclip.explain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.conceptclip.Embedding;
import org.conceptclip.explain.ConceptAnnotator.Annotation;
import org.conceptclip.runtime.NonFiniteResultException;
import org.conceptclip.task.ClassVectors;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Maps and scores of vectors that were made by hand. */
class ConceptAnnotatorTest {
  private static final HostTensor VECTORS =
      HostTensor.view(DType.F32, Shape.of(2, 2), MemorySegment.ofArray(new float[] {1, 0, 0.6f, 0.8f}));

  @Test
  void aScoreIsTheMeanCosineOfTheBestPatches() {
    Embedding image = new Embedding(new float[] {1, 0}, new float[][] {{2, 0}, {0, 3}, {-1, 0}, {1, 1}}, null);
    Annotation found = annotator(new TopPatches(2)).annotate(image);
    float half = (float) Math.sqrt(0.5);
    assertArrayEquals(new float[] {1, 0, -1, half}, found.maps().getFirst().values(), 1e-7f);
    assertEquals((1 + half) / 2, found.scores()[0], 1e-7);
    assertEquals((0.8 + 1.4 * half) / 2, found.scores()[1], 1e-7);
    assertEquals((1 + half - 1) / 4, annotator(new TopPatches(99)).annotate(image).scores()[0], 1e-7, "all there are");
  }

  @Test
  void theOfficialShareIsThatOfThePublishedModel() {
    assertEquals(128, TopPatches.officialShare(729).k());
    assertEquals(18, TopPatches.officialShare(100).k());
    assertEquals(1, TopPatches.officialShare(1).k());
  }

  @Test
  void whatIsNoNumberIsRefused() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      Embedding image = new Embedding(new float[] {1, 0}, new float[][] {{1, 0}, {1, 0}, {bad, 1}, {1, 0}}, null);
      NonFiniteResultException refusal = assertThrows(NonFiniteResultException.class, () -> annotator(new TopPatches(1)).annotate(image));
      assertTrue(refusal.getMessage().contains("patch 2") && refusal.getMessage().contains("\"first\""), refusal.getMessage());
    }
    ConceptScoring broken = new ConceptScoring() {
      @Override
      public double[] scores(Embedding image, List<PatchMap> maps) {
        return new double[] {0, Double.NaN};
      }

      @Override
      public String description() {
        return "broken";
      }
    };
    Embedding image = new Embedding(new float[] {1, 0}, new float[][] {{1, 0}}, null);
    assertThrows(NonFiniteResultException.class, () -> annotator(broken).annotate(image));
  }

  @Test
  void conceptsAreCheckedByName() {
    assertEquals(List.of("a", "b c"), ConceptAnnotator.checked(List.of(" a", "b c ")));
    assertTrue(refusal("a", " ").contains("concept 2 of 2 is empty"));
    assertTrue(refusal("a", "a ").contains("\"a\" appears twice"));
    assertTrue(refusal().contains("found none"));
  }

  private static String refusal(String... concepts) {
    return assertThrows(BadInputException.class, () -> ConceptAnnotator.checked(List.of(concepts))).getMessage();
  }

  private static ConceptAnnotator annotator(ConceptScoring scoring) {
    return new ConceptAnnotator(new ClassVectors(List.of("first", "second"), VECTORS, VECTORS, List.of()), scoring);
  }
}
