package org.conceptclip.arch.planted.bench;

/** Breaks the arrows on purpose: bench must not see backend.cpu. */
public interface Planted {
  org.conceptclip.arch.planted.backend.cpu.Planted forbidden();
}
