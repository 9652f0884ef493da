package org.conceptclip.batch;

import org.conceptclip.tensor.HostTensor;

/**
 * The features of an image. The arrays belong to the caller.
 *
 * @param features the image's vector, L2-normalised, [W]
 * @param tokenFeaturesOrNull its patches in the concept space, F32 [T, W] on the heap, not normalised; {@code null} if not requested
 */
public record ImageFeatures(float[] features, HostTensor tokenFeaturesOrNull) {}
