package org.conceptclip.cli;

import org.conceptclip.Classification;

/** Receives classification results, one image at a time. */
interface Classifications {
  /** Adds the result of one image. */
  void add(String image, Classification classification);

  /** Called after the last image. */
  default void finish() {}
}
