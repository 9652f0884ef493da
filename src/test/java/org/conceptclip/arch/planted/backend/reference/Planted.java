package org.conceptclip.arch.planted.backend.reference;

/** Breaks the arrows on purpose: backend.reference must not see backend.cpu. */
public interface Planted {
  org.conceptclip.arch.planted.backend.cpu.Planted forbidden();
}
