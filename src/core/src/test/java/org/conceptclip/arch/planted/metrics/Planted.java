package org.conceptclip.arch.planted.metrics;

/** Breaks the arrows on purpose: metrics must not see task. */
public interface Planted {
  org.conceptclip.arch.planted.task.Planted forbidden();
}
