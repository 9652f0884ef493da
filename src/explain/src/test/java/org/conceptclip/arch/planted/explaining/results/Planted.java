package org.conceptclip.arch.planted.explaining.results;

/** Breaks the arrows on purpose: results must not see model, which is a package of another module. */
public interface Planted {
  org.conceptclip.arch.planted.explaining.model.Planted forbidden();
}
