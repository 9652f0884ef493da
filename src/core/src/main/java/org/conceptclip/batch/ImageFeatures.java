package org.conceptclip.batch;

import org.conceptclip.tensor.HostTensor;

/**
 * What an engine made of an image. The arrays are the caller's alone.
 *
 * @param features L2-normalised [W]
 * @param tokenFeaturesOrNull patches in the concept space, F32 [T, W] on the heap, not normalised; {@code null} unless asked for
 */
public record ImageFeatures(float[] features, HostTensor tokenFeaturesOrNull) {}
