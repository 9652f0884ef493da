package org.conceptclip.backend.cuda.arch.planted.driver;

/** Breaks the arrows on purpose: the seam must not see a driver. */
public interface Planted {
  org.conceptclip.backend.cuda.arch.planted.driver.emulated.Planted forbidden();
}
