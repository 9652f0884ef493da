package org.conceptclip.runtime;

/**
 * Sizes of work that suit an {@link Encoder}: those of its backend, or smaller ones if the memory of its device turned out not to suffice.
 *
 * @param images most images of a pass
 * @param tokens most tokens of the texts of a pass
 * @param recorded whether each shape of a pass is a recorded graph, so that the number of images of a pass is a power of two
 * @param lanes concurrent calls that keep the device busy
 */
public record EncoderLimits(int images, int tokens, boolean recorded, int lanes) {}
