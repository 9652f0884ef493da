package org.conceptclip.backend;

/**
 * The largest forward pass that a backend should compute at once.
 *
 * @param images most images in a pass
 * @param tokens most tokens in a pass of texts; a single longer text still forms a pass
 * @param recorded whether each shape of a pass is recorded as a graph, so that few shapes should occur: the number of images is a power of
 *     two, and texts are padded to one of few sizes
 */
public record PassLimits(int images, int tokens, boolean recorded) {
  public PassLimits {
    if (images < 1 || tokens < 1) {
      throw new IllegalArgumentException("a pass of " + images + " images and " + tokens + " tokens, expected at least 1 of each");
    }
  }

  /** Number of images in the next pass if {@code left} images remain. */
  public int nextImages(int left) {
    int most = Math.min(images, left);
    return recorded ? Integer.highestOneBit(most) : most;
  }
}
