package org.conceptclip.arch.planted.backend.cpu;

/** Breaks the arrows on purpose: backend.cpu must not see backend.reference. */
public interface Planted {
  org.conceptclip.arch.planted.backend.reference.Planted forbidden();
}
