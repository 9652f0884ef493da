package org.conceptclip.arch.planted.op;

/** Breaks the arrows on purpose: op must not see weights. */
public interface Planted {
  org.conceptclip.arch.planted.weights.Planted forbidden();
}
