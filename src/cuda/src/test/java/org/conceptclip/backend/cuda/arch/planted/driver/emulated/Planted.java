package org.conceptclip.backend.cuda.arch.planted.driver.emulated;

/** Breaks the arrows on purpose: a driver must not see the backend. */
public interface Planted {
  org.conceptclip.backend.cuda.arch.planted.Planted forbidden();
}
