package org.conceptclip.arch.planted.tensor;

/** Breaks the arrows on purpose: tensor must not see op. */
public interface Planted {
  org.conceptclip.arch.planted.op.Planted forbidden();
}
