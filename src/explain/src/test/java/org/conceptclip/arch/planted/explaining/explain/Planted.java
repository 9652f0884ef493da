package org.conceptclip.arch.planted.explaining.explain;

/** Breaks the arrows on purpose: explain must not see evaluate. */
public interface Planted {
  org.conceptclip.arch.planted.explaining.evaluate.Planted forbidden();
}
