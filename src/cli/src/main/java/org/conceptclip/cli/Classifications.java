package org.conceptclip.cli;

import org.conceptclip.Classification;

/** Receives classification results, one image at a time. */
interface Classifications {
  /** Adds the result of one image, and delivers it at once. */
  void add(String image, Classification classification);

  /** Tells the name of an image before its result comes, and before those of the images that are under way. */
  default void expect(String image) {}
}
