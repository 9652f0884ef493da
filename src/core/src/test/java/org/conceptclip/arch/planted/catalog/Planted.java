package org.conceptclip.arch.planted.catalog;

/** Breaks the arrows on purpose: catalog must not see batch. */
public interface Planted {
  org.conceptclip.arch.planted.batch.Planted forbidden();
}
