package org.conceptclip.arch.planted.explaining.evaluate;

/** Breaks the arrows on purpose: evaluate must not see model, which is a package of another module. */
public interface Planted {
  org.conceptclip.arch.planted.explaining.model.Planted forbidden();
}
