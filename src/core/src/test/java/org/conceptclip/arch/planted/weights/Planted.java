package org.conceptclip.arch.planted.weights;

/** Breaks the arrows on purpose: weights must not see op. */
public interface Planted {
  org.conceptclip.arch.planted.op.Planted forbidden();
}
