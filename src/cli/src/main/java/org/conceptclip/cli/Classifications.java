package org.conceptclip.cli;

/** Where classification results go, one image at a time. */
interface Classifications {
  /** One image's probabilities, in the order of the labels. */
  void add(String image, double[] probabilities);

  /** All images were added. */
  void finish();
}
