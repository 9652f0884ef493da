package org.conceptclip.explain;

import java.util.List;
import org.conceptclip.ConceptClip;
import org.conceptclip.Embedding;
import org.conceptclip.runtime.NonFiniteResultException;
import org.conceptclip.task.ClassVectors;
import org.conceptclip.task.Labels;
import org.conceptclip.task.PromptTemplate;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.OneLine;

/**
 * Finds concepts in images: where each of them is, and how strongly the image shows it. However many concepts there are, an image is
 * encoded once. Immutable; serves all threads.
 *
 * <p>A concept's vector is the mean of the projected features of its own tokens inside each template, which are found by character offsets;
 * see {@link ClassVectors}.
 */
public final class ConceptAnnotator {
  private static final int LONGEST_SHOWN = 60;

  private final List<String> concepts;
  private final List<String> truncated;
  private final float[][] vectors;
  private final ConceptScoring scoring;

  /**
   * What was found in one image.
   *
   * @param maps where, in the order of the concepts
   * @param scores how strongly, in the order of the concepts
   */
  public record Annotation(List<PatchMap> maps, double[] scores) {}

  /**
   * An annotator for vectors that are known.
   *
   * @param classes with concept vectors
   */
  public ConceptAnnotator(ClassVectors classes, ConceptScoring scoring) {
    this.concepts = classes.labels();
    this.truncated = classes.truncated();
    this.scoring = scoring;
    this.vectors = classes.concepts().toFloatRows();
  }

  /**
   * Encodes the concepts.
   *
   * @param concepts phrases: at least one, all different
   * @param templates sentences with a place for the phrase: at least one
   * @throws BadInputException as {@link #checked} does, or if there is no template, or a phrase has no token within the context
   */
  public static ConceptAnnotator of(ConceptClip clip, List<String> concepts, List<PromptTemplate> templates, ConceptScoring scoring) {
    return new ConceptAnnotator(clip.classVectors(checked(concepts), templates), scoring);
  }

  /**
   * The concepts in their order, without leading and trailing blanks.
   *
   * @throws BadInputException if there is none, one is blank, or two are equal
   */
  public static List<String> checked(List<String> concepts) {
    return Labels.checked("concepts", "concept", "phrase", concepts);
  }

  /** The concepts, in the order in which they were given. */
  public List<String> concepts() {
    return concepts;
  }

  /** Concepts with a prompt that was longer than the model's context and was cut. */
  public List<String> truncated() {
    return truncated;
  }

  /** How scores are computed. */
  public ConceptScoring scoring() {
    return scoring;
  }

  /**
   * Finds the concepts in an image.
   *
   * @param image with the vectors of its patches
   * @throws NonFiniteResultException if a patch holds NaN or infinity, which would be no place on a map
   */
  public Annotation annotate(Embedding image) {
    List<PatchMap> maps = PatchMap.of(image, vectors);
    for (int c = 0; c < vectors.length; c++) {
      requireNumbers(maps.get(c), concepts.get(c));
    }
    double[] scores = scoring.scores(image, maps);
    for (int c = 0; c < scores.length; c++) {
      if (!Double.isFinite(scores[c])) {
        throw new NonFiniteResultException("the score of " + OneLine.quoted(concepts.get(c), LONGEST_SHOWN) + " is " + scores[c]);
      }
    }
    return new Annotation(maps, scores);
  }

  private static void requireNumbers(PatchMap map, String concept) {
    for (int i = 0; i < map.values().length; i++) {
      if (!Float.isFinite(map.values()[i])) {
        throw new NonFiniteResultException("the similarity of patch " + i + " with " + OneLine.quoted(concept, LONGEST_SHOWN) + " is "
            + map.values()[i] + ", expected numbers; the model's weights or an activation are out of range at this precision");
      }
    }
  }
}
