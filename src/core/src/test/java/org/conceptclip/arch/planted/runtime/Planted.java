package org.conceptclip.arch.planted.runtime;

/** Breaks the arrows on purpose: runtime must not see batch. */
public interface Planted {
  org.conceptclip.arch.planted.batch.Planted forbidden();
}
