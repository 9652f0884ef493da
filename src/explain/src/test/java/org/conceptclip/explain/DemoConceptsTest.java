package org.conceptclip.explain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.conceptclip.ConceptClip;
import org.conceptclip.ConceptClipOptions;
import org.conceptclip.Embedding;
import org.conceptclip.Outcome;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Concepts of the shipped examples through the library, with the demo model on the CPU. */
class DemoConceptsTest {
  private static final Path BRAIN = Path.of("examples/brain-mri-tumour.png");
  private static final Path STONE = Path.of("examples/ultrasound-gallstone.png");
  private static ConceptClip clip;

  @BeforeAll
  static void open() {
    clip = ConceptClip.open(ConceptClipOptions.builder().backend("cpu").build());
  }

  @AfterAll
  static void close() {
    clip.close();
  }

  @Test
  void theBestPatchLiesOnTheFinding() {
    ConceptAnnotator annotator = ConceptAnnotator.of(
        clip, List.of("brain tumour", "gallstone"), List.of(PromptTemplate.DEFAULT), TopPatches.officialShare(100));
    ConceptAnnotator.Annotation brain = annotator.annotate(clip.imageTokens(BRAIN));
    ConceptAnnotator.Annotation stone = annotator.annotate(clip.imageTokens(STONE));
    // The ring in the lower right of the drawn brain, and the stone and its shadow left of the middle: by eye, in tenths of the picture.
    assertPlace(brain.maps().getFirst(), 6, 8, 5, 7);
    assertPlace(stone.maps().getLast(), 2, 4, 3, 7);
    assertTrue(brain.scores()[0] > stone.scores()[0] && stone.scores()[1] > brain.scores()[1], "each has its own");
  }

  private static void assertPlace(PatchMap map, int left, int right, int top, int bottom) {
    int best = IntStream.range(0, 100).reduce((a, b) -> map.values()[a] >= map.values()[b] ? a : b).orElseThrow();
    assertTrue(best % 10 >= left && best % 10 <= right && best / 10 >= top && best / 10 <= bottom,
        "best patch in column " + best % 10 + ", row " + best / 10);
  }

  @Test
  void aStreamGivesWhatSingleCallsGiveAndGoesOnBehindAFailure() {
    List<Path> files = List.of(BRAIN, Path.of("absent.png"), STONE);
    try (Stream<Outcome<Path, Embedding>> stream = clip.imageTokens(files.stream(), ImageInput.File::new, RequestOptions.DEFAULT)) {
      List<Outcome<Path, Embedding>> outcomes = stream.toList();
      assertEquals(files, outcomes.stream().map(Outcome::input).toList());
      assertTrue(outcomes.get(1).failureOrNull() instanceof BadInputException);
      for (int i : new int[] {0, 2}) {
        Embedding alone = clip.imageTokens(files.get(i));
        assertArrayEquals(alone.vector(), outcomes.get(i).orThrow().vector());
        assertArrayEquals(alone.tokens(), outcomes.get(i).orThrow().tokens());
      }
    }
  }

  @Test
  void theOfficialScoreDependsOnEachPartOfTheProtocol() {
    List<String> concepts = List.of("tumour", "enlarged ventricles");
    PromptTemplate positive = PromptTemplate.parse("a brain MRI of {}");
    Embedding image = clip.imageTokens(BRAIN);
    double[] official = OfficialScoring.of(clip, concepts, positive, "a brain MRI", 77, 0.5).scores(image, List.of());
    double[] longest = OfficialScoring.of(clip, concepts, positive, "a brain MRI", 0, 0.5).scores(image, List.of());
    double[] whole = OfficialScoring.of(clip, concepts, positive, "a brain MRI", 77, 1).scores(image, List.of());
    for (int c = 0; c < 2; c++) {
      assertTrue(Math.abs(official[c] - longest[c]) > 1e-6 && Math.abs(official[c] - whole[c]) > 1e-6);
      // The whole image alone needs no padding: the score follows from two cosines.
      double[] cosines = {
        ConceptClip.similarity(image.vector(), clip.embedText("a brain MRI")),
        ConceptClip.similarity(image.vector(), clip.embedText(positive.fill(concepts.get(c)).text()))};
      double share = 1 / (1 + Math.exp(clip.logitScale() * (cosines[0] - cosines[1])));
      // Half of the error of a logit: 1e-5 of a cosine in float32 (docs/parity.md) at a scale of exp(2.447).
      assertEquals(1 / (1 + Math.exp(1 - 2 * share)), whole[c], 6e-5);
    }
  }
}
