package org.conceptclip.batch;

import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;

/**
 * The features of a text. The arrays belong to the caller.
 *
 * @param features the text's vector, L2-normalised, [E]
 * @param tokenFeaturesOrNull its tokens in the concept space, F32 [tokens, E] on the heap, not normalised; {@code null} if not requested
 * @param text the text as it was submitted, with the position of each token
 */
public record TextFeatures(float[] features, HostTensor tokenFeaturesOrNull, TokenizedText text) {}
