package org.conceptclip.cli;

import org.conceptclip.Classification;

/** Where classification results go, one image at a time. */
interface Classifications {
  /** One image's result. */
  void add(String image, Classification classification);

  /** All images were added. */
  void finish();
}
