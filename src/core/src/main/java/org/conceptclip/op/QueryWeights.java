package org.conceptclip.op;

/** A constant query vector [width] in a backend's format. Owned by a {@link WeightStore}. */
public interface QueryWeights {
  /** Name of the parameter that it was computed from, for messages. */
  String name();

  int width();
}
