package org.conceptclip.arch.planted.explaining.probe;

/** Breaks the arrows on purpose: probe must not see evaluate. */
public interface Planted {
  org.conceptclip.arch.planted.explaining.evaluate.Planted forbidden();
}
