package org.conceptclip;

/**
 * A class and how probable it is among the classes that were given.
 *
 * @param label the class name
 * @param probability 0 to 1
 */
public record ClassProbability(String label, double probability) {}
