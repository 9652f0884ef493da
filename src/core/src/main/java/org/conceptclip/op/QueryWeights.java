package org.conceptclip.op;

/** A constant query vector [width], as a backend keeps it. Owned by a {@link Parameters}. */
public interface QueryWeights {
  /** Name of the parameter it was folded from, for messages. */
  String name();

  int width();
}
