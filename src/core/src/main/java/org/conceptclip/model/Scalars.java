package org.conceptclip.model;

/**
 * The model's learned scalars. The checkpoint stores the scales as logarithms; here they are exponentiated, as in the output of
 * the official model.
 */
public record Scalars(double logitScale, double logitBias, double conceptLogitScale, double conceptLogitBias) {}
