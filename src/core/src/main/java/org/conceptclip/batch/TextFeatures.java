package org.conceptclip.batch;

import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;

/**
 * What an engine made of a text. The arrays are the caller's alone.
 *
 * @param features L2-normalised [E]
 * @param tokenFeaturesOrNull tokens in the concept space, F32 [tokens, E] on the heap, not normalised; {@code null} unless asked for
 * @param text as it was submitted: says which token stands where
 */
public record TextFeatures(float[] features, HostTensor tokenFeaturesOrNull, TokenizedText text) {}
