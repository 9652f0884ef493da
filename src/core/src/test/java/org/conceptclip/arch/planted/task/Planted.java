package org.conceptclip.arch.planted.task;

/** Breaks the arrows on purpose: task must not see backend. */
public interface Planted {
  org.conceptclip.arch.planted.backend.Planted forbidden();
}
