package org.conceptclip.backend;

/**
 * The largest forward pass that a backend should compute at once.
 *
 * @param images most images in a pass
 * @param tokens most tokens in a pass of texts; a single longer text still forms a pass
 * @param powersOfTwo whether the number of images must be a power of two, so that few shapes occur
 */
public record PassLimits(int images, int tokens, boolean powersOfTwo) {
  public PassLimits {
    if (images < 1 || tokens < 1) {
      throw new IllegalArgumentException("a pass of " + images + " images and " + tokens + " tokens, expected at least 1 of each");
    }
  }

  /** Number of images in the next pass if {@code left} images remain. */
  public int nextImages(int left) {
    int most = Math.min(images, left);
    return powersOfTwo ? Integer.highestOneBit(most) : most;
  }
}
