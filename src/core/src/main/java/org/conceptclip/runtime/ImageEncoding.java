package org.conceptclip.runtime;

import org.conceptclip.tensor.HostTensor;

/**
 * What the vision tower made of B images. Float32 (float64 from the reference backend); memory is garbage-collected.
 *
 * @param rawFeatures attention-pool output [B, W]
 * @param features the same, L2-normalised [B, W]: what similarities are computed from
 * @param tokenFeatures patches in the concept space [B, T, W], not normalised; {@code null} below {@link Detail#TOKENS}
 * @param tokenStates patches before the projection head [B, T, W]; {@code null} below {@link Detail#STATES}
 */
public record ImageEncoding(
    HostTensor rawFeatures, HostTensor features, HostTensor tokenFeatures, HostTensor tokenStates) {}
