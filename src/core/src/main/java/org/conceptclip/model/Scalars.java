package org.conceptclip.model;

/**
 * The model's learned scalars. The checkpoint stores scales as logarithms; here they are exponentiated, as the official
 * model's output has them.
 */
public record Scalars(double logitScale, double logitBias, double conceptLogitScale, double conceptLogitBias) {}
