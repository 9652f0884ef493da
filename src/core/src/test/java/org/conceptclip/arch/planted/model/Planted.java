package org.conceptclip.arch.planted.model;

/** Breaks the arrows on purpose: model must not see backend. */
public interface Planted {
  org.conceptclip.arch.planted.backend.Planted forbidden();
}
