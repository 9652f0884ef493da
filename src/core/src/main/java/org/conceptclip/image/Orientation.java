package org.conceptclip.image;

/** The eight ways in which TIFF stores a picture's rows and columns (tag 274). */
final class Orientation {
  private Orientation() {}

  /** Turns and flips a picture upright. Orientations other than 2 to 8 change nothing. */
  static RgbImage apply(int orientation, RgbImage stored) {
    if (orientation < 2 || orientation > 8) {
      return stored;
    }
    boolean transposed = orientation >= 5;
    boolean mirrored = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    boolean upsideDown = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    int width = transposed ? stored.height() : stored.width();
    int height = transposed ? stored.width() : stored.height();
    byte[] from = stored.pixels();
    byte[] to = new byte[from.length];
    for (int row = 0; row < stored.height(); row++) {
      for (int column = 0; column < stored.width(); column++) {
        int x = transposed ? row : column;
        int y = transposed ? column : row;
        // For the turned kinds the flips apply to the stored axes, which have changed places.
        x = (transposed ? upsideDown : mirrored) ? width - 1 - x : x;
        y = (transposed ? mirrored : upsideDown) ? height - 1 - y : y;
        System.arraycopy(from, (row * stored.width() + column) * RgbImage.CHANNELS, to,
            (y * width + x) * RgbImage.CHANNELS, RgbImage.CHANNELS);
      }
    }
    return new RgbImage(width, height, to);
  }
}
