package org.conceptclip.arch.planted.index;

/** Breaks the arrows on purpose: index must not see runtime. */
public interface Planted {
  org.conceptclip.arch.planted.runtime.Planted forbidden();
}
