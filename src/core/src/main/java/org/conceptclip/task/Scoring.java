package org.conceptclip.task;

/** The comparison that the probability of a class is computed from. */
public enum Scoring {
  /** The whole image with the whole prompt. */
  GLOBAL,
  /** The most similar patches of the image with the tokens of the class name. */
  LOCAL,
  /** A blend of both probabilities. */
  ENSEMBLE;

  /** Whether concept vectors of class names are needed. */
  public boolean usesConcepts() {
    return this != GLOBAL;
  }
}
