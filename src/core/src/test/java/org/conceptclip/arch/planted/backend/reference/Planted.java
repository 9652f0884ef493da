package org.conceptclip.arch.planted.backend.reference;

/** Breaks the arrows on purpose: backend.reference must not see runtime. */
public interface Planted {
  org.conceptclip.arch.planted.runtime.Planted forbidden();
}
