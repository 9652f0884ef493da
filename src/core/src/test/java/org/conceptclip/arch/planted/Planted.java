package org.conceptclip.arch.planted;

/** Breaks the arrows on purpose: the front door must not name a concrete backend. */
public interface Planted {
  org.conceptclip.arch.planted.backend.reference.Planted forbidden();
}
