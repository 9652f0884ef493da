package org.conceptclip;

import org.conceptclip.runtime.Encoding;
import org.conceptclip.text.TokenizedText;

/**
 * The vector of an image or a text, and those of its patches or tokens. The arrays belong to the caller.
 *
 * @param vector the whole image or text [dimension], L2-normalised
 * @param tokens the patches of an image, row by row from the top left, or the tokens of a text, {@code [CLS]} first and {@code [SEP]}
 *     last, in the concept space [tokens][dimension], not normalised
 * @param textOrNull the tokens' ids and where each stands in the text: {@link TokenizedText#tokensOfSpan} finds the tokens of a concept;
 *     {@code null} for an image
 */
public record Embedding(float[] vector, float[][] tokens, TokenizedText textOrNull) {
  static Embedding of(Encoding encoding, TokenizedText textOrNull) {
    return new Embedding(Vectors.vector(encoding), encoding.tokenFeatures().toFloatRows(), textOrNull);
  }

  /** Patches along an edge of an image: 27 in the published model. */
  public int side() {
    return (int) Math.round(Math.sqrt(tokens.length));
  }
}
