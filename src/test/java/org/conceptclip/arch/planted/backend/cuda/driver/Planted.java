package org.conceptclip.arch.planted.backend.cuda.driver;

/** Breaks the arrows on purpose: backend.cuda.driver must not see backend.cuda. */
public interface Planted {
  org.conceptclip.arch.planted.backend.cuda.Planted forbidden();
}
