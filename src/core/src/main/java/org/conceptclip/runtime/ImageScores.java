package org.conceptclip.runtime;

import org.conceptclip.tensor.HostTensor;

/**
 * Scores of B images against C classes, before any softmax.
 *
 * @param globalLogits [B, C]: {@code logitScale * image . text}
 * @param localLogits [B, C]: mean of the top-k {@code conceptScale * patch . concept}; {@code null} when no concept vectors
 *     were given
 */
public record ImageScores(HostTensor globalLogits, HostTensor localLogits) {}
