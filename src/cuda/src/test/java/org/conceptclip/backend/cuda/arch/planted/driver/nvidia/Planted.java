package org.conceptclip.backend.cuda.arch.planted.driver.nvidia;

/** Breaks the arrows on purpose: one driver must not see the other. */
public interface Planted {
  org.conceptclip.backend.cuda.arch.planted.driver.emulated.Planted forbidden();
}
