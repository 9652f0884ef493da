package org.conceptclip.arch.planted.cli;

/** Breaks the arrows on purpose: cli must not see backend.cpu. */
public interface Planted {
  org.conceptclip.arch.planted.backend.cpu.Planted forbidden();
}
