package org.conceptclip;

/**
 * A class and its probability among the given classes.
 *
 * @param label the class name
 * @param probability 0 to 1
 */
public record ClassProbability(String label, double probability) {}
