package org.conceptclip.runtime;

import org.conceptclip.tensor.HostTensor;

/**
 * What the text tower made of S texts. Float32 (float64 from the reference backend); memory is garbage-collected.
 *
 * <p>Token rows are packed, [R, columns], for a packed batch, and dense, [S, L, columns], for {@link
 * Encoder#encodePaddedTexts}.
 *
 * @param rawFeatures projected mean of the states [S, E]
 * @param features the same, L2-normalised [S, E]
 * @param tokenFeatures tokens in the concept space, not normalised; {@code null} below {@link Detail#TOKENS}
 * @param tokenStates last hidden states; {@code null} below {@link Detail#STATES}
 */
public record TextEncoding(
    HostTensor rawFeatures, HostTensor features, HostTensor tokenFeatures, HostTensor tokenStates) {}
