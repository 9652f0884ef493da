package org.conceptclip.runtime;

/**
 * How an {@link Encoder} likes its work: what suits its backend, or the less that its device's memory was found to hold.
 *
 * @param images in a pass at most
 * @param tokens of texts in a pass at most
 * @param powersOfTwo whether the images of a pass are a power of two, each being one recorded graph
 * @param lanes calls at once that keep the device busy
 */
public record EncoderLimits(int images, int tokens, boolean powersOfTwo, int lanes) {}
