package org.conceptclip;

/**
 * An image's vector and those of its patches. The arrays are the caller's alone.
 *
 * @param vector the whole image [dimension], L2-normalised
 * @param patches the patches in the concept space [side * side][dimension], row by row from the top left, not normalised
 * @param side patches along an edge: 27 in the published model
 */
public record ImageTokens(float[] vector, float[][] patches, int side) {}
