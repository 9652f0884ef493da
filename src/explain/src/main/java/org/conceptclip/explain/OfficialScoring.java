package org.conceptclip.explain;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.conceptclip.ConceptClip;
import org.conceptclip.Embedding;
import org.conceptclip.task.PromptTemplate;

/**
 * The scores of the official annotation protocol: each concept against one negative prompt, see {@link OfficialAnnotation}. Immutable;
 * serves all threads.
 */
public final class OfficialScoring implements ConceptScoring {
  /** What the official script says of the concept, in the first of its two pairs of templates. */
  public static final String POSITIVE_TEMPLATE = "This is dermatoscopy of {}.";

  /** What it says when the concept is absent. */
  public static final String NEGATIVE_PROMPT = "This is dermatoscopy.";

  /** Tokens to which the script pads texts. */
  public static final int PADDED_TOKENS = 77;

  private final List<OfficialAnnotation.Prompt> negatives;
  private final List<OfficialAnnotation.Prompt> positives;
  private final double logitScale;
  private final double conceptLogitScale;
  private final double alpha;
  private final String description;

  private OfficialScoring(
      List<OfficialAnnotation.Prompt> negatives, List<OfficialAnnotation.Prompt> positives, ConceptClip clip, double alpha,
      String description) {
    this.negatives = List.copyOf(negatives);
    this.positives = List.copyOf(positives);
    this.logitScale = clip.logitScale();
    this.conceptLogitScale = clip.conceptLogitScale();
    this.alpha = alpha;
    this.description = description;
  }

  /**
   * Encodes the prompts of the concepts.
   *
   * @param padded tokens to which each text is padded: {@link #PADDED_TOKENS} in the official script; 0 for the longer of the two prompts
   *     of each concept
   * @param alpha weight of the global part, 0 to 1
   */
  public static OfficialScoring of(
      ConceptClip clip, List<String> concepts, PromptTemplate positive, String negative, int padded, double alpha) {
    List<OfficialAnnotation.Prompt> negatives = new ArrayList<>();
    List<OfficialAnnotation.Prompt> positives = new ArrayList<>();
    Map<Integer, OfficialAnnotation.Prompt> byLength = new HashMap<>();
    for (String concept : concepts) {
      String text = positive.fill(concept).text();
      int length = padded > 0 ? padded : Math.max(tokens(clip, negative), tokens(clip, text));
      negatives.add(byLength.computeIfAbsent(length, tokens -> prompt(clip, negative, tokens)));
      positives.add(prompt(clip, text, length));
    }
    return new OfficialScoring(negatives, positives, clip, alpha, String.format(Locale.ROOT,
        "official annotation protocol: \"%s\" against \"%s\", padded to %s, alpha %s; above 0.5 the concept is annotated",
        positive, negative, padded > 0 ? padded + " tokens" : "the longer prompt", alpha));
  }

  private static int tokens(ConceptClip clip, String text) {
    return clip.textTokens(text).tokens().length;
  }

  private static OfficialAnnotation.Prompt prompt(ConceptClip clip, String text, int length) {
    Embedding encoded = clip.paddedTextTokens(text, length);
    return new OfficialAnnotation.Prompt(doubles(encoded.vector()), doubles(encoded.tokens()[length - 1]));
  }

  @Override
  public double[] scores(Embedding image, List<PatchMap> maps) {
    double[][] patches = new double[image.tokens().length][];
    for (int i = 0; i < patches.length; i++) {
      patches[i] = doubles(image.tokens()[i]);
    }
    OfficialAnnotation.Image prepared = OfficialAnnotation.Image.of(doubles(image.vector()), patches);
    double[] scores = new double[positives.size()];
    for (int c = 0; c < scores.length; c++) {
      scores[c] = OfficialAnnotation.of(prepared, negatives.get(c), positives.get(c), logitScale, conceptLogitScale, alpha).score();
    }
    return scores;
  }

  @Override
  public String description() {
    return description;
  }

  private static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
