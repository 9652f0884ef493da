package org.conceptclip.task;

/** What a class's probability is made from. */
public enum Scoring {
  /** The whole image against the whole prompt. */
  GLOBAL,
  /** The image's most similar patches against the class name's tokens. */
  LOCAL,
  /** A blend of both probabilities. */
  ENSEMBLE;

  /** True when class names' concept vectors take part. */
  public boolean usesConcepts() {
    return this != GLOBAL;
  }
}
