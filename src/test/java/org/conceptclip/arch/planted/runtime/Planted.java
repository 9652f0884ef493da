package org.conceptclip.arch.planted.runtime;

/** Breaks the arrows on purpose: runtime must not see backend.cpu. */
public interface Planted {
  org.conceptclip.arch.planted.backend.cpu.Planted forbidden();
}
