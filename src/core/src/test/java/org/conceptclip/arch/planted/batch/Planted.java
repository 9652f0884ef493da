package org.conceptclip.arch.planted.batch;

/** Breaks the arrows on purpose: batch must not see task. */
public interface Planted {
  org.conceptclip.arch.planted.task.Planted forbidden();
}
