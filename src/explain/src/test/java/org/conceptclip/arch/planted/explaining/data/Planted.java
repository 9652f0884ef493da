package org.conceptclip.arch.planted.explaining.data;

/** Breaks the arrows on purpose: data must not see evaluate. */
public interface Planted {
  org.conceptclip.arch.planted.explaining.evaluate.Planted forbidden();
}
