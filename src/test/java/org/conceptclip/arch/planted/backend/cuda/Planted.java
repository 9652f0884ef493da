package org.conceptclip.arch.planted.backend.cuda;

/** Breaks the arrows on purpose: backend.cuda must not see backend.cpu. */
public interface Planted {
  org.conceptclip.arch.planted.backend.cpu.Planted forbidden();
}
