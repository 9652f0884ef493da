package org.conceptclip.explain;

import java.util.List;
import org.conceptclip.Embedding;

/** How strongly an image shows each of several concepts, in one number each. Implementations serve all threads. */
public interface ConceptScoring {
  /**
   * The scores of the concepts.
   *
   * @param image the image's vector and those of its patches
   * @param maps cosines of the patches with each concept, in the order of the concepts
   * @return a score a concept, in their order; the larger, the more
   */
  double[] scores(Embedding image, List<PatchMap> maps);

  /** What a score is, in one sentence for people. */
  String description();
}
