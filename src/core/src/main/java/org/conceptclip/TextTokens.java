package org.conceptclip;

import org.conceptclip.batch.TextFeatures;
import org.conceptclip.text.TokenizedText;

/**
 * A text's vector and those of its tokens. The arrays are the caller's alone.
 *
 * @param text as it was given
 * @param tokens ids, and where each token stands in {@code text}: {@link TokenizedText#tokensOfSpan} finds the tokens of a concept
 * @param vector the whole text [dimension], L2-normalised
 * @param features the tokens in the concept space [tokens][dimension], {@code [CLS]} first and {@code [SEP]} last, not normalised
 */
public record TextTokens(String text, TokenizedText tokens, float[] vector, float[][] features) {
  static TextTokens of(String text, TextFeatures features) {
    return new TextTokens(text, features.text(), features.features(), Vectors.rows(features.tokenFeaturesOrNull()));
  }
}
