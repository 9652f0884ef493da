package org.conceptclip.backend.cuda.arch.planted;

/** Breaks the arrows on purpose: the backend must not see a driver behind the seam. */
public interface Planted {
  org.conceptclip.backend.cuda.arch.planted.driver.nvidia.Planted forbidden();
}
