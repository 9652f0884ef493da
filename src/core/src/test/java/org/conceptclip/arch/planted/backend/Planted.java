package org.conceptclip.arch.planted.backend;

/** Breaks the arrows on purpose: backend must not see model. */
public interface Planted {
  org.conceptclip.arch.planted.model.Planted forbidden();
}
