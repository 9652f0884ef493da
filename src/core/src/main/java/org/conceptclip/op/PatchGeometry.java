package org.conceptclip.op;

/**
 * How an image is divided into patches. A convolution with stride {@code patchSize} drops the rows and columns that do not fill
 * a last patch (for sizes 384 and 14: 27 patches per side, 6 rows and columns unused).
 *
 * @param imageSize side of the square image in pixels
 * @param patchSize side of a patch in pixels
 */
public record PatchGeometry(int imageSize, int patchSize) {
  public PatchGeometry {
    if (patchSize < 1 || imageSize < patchSize) {
      throw new IllegalArgumentException("patches of " + patchSize + " in an image of " + imageSize);
    }
  }

  /** Patches per side. */
  public int grid() {
    return imageSize / patchSize;
  }

  /** Patches per image: the tokens of the vision tower. */
  public int tokens() {
    return grid() * grid();
  }

  /** Values per patch: 3 channels of patchSize x patchSize. */
  public int patchValues() {
    return 3 * patchSize * patchSize;
  }
}
