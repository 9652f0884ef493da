package org.conceptclip.batch;

/**
 * Scores of one image against C classes, before any softmax. The arrays are the caller's alone.
 *
 * @param global {@code logitScale * image . text} [C]
 * @param localOrNull mean of the top-k {@code conceptScale * patch . concept} [C]; {@code null} without concept vectors
 */
public record ImageLogits(double[] global, double[] localOrNull) {}
