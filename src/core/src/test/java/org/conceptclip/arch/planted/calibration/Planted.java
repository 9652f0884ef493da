package org.conceptclip.arch.planted.calibration;

/** Breaks the arrows on purpose: calibration must not see batch. */
public interface Planted {
  org.conceptclip.arch.planted.batch.Planted forbidden();
}
