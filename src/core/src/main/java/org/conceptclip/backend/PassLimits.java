package org.conceptclip.backend;

/**
 * How much of a batch a backend wants at once.
 *
 * @param images in a pass at most
 * @param tokens of texts in a pass at most, as a budget: a single longer text still goes as one
 * @param powersOfTwo whether the images of a pass must be a power of two, so that few shapes occur
 */
public record PassLimits(int images, int tokens, boolean powersOfTwo) {
  public PassLimits {
    if (images < 1 || tokens < 1) {
      throw new IllegalArgumentException("a pass of " + images + " images and " + tokens + " tokens, expected at least 1 of each");
    }
  }

  /** Images of the next pass when so many are left. */
  public int nextImages(int left) {
    int most = Math.min(images, left);
    return powersOfTwo ? Integer.highestOneBit(most) : most;
  }
}
