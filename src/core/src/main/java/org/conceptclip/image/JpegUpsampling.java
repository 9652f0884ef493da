package org.conceptclip.image;

/**
 * The one upsampling in which the JDK's libjpeg 6 differs from the libjpeg-turbo that Pillow uses: components with full
 * width and half height (4:4:0, what a losslessly rotated 4:2:2 photograph has). The old library repeats each row; the
 * new one weighs the nearer row 3 to 1 with the next, rounding down in upper and up in lower rows.
 */
final class JpegUpsampling {
  private JpegUpsampling() {}

  /**
   * Smooths a component whose rows come in equal pairs, in place.
   *
   * @param samples [height, width, components]
   */
  static void smoothRowPairs(byte[] samples, int width, int height, int components, int component) {
    int rows = (height + 1) / 2;
    byte[][] stored = new byte[rows][width];
    for (int row = 0; row < rows; row++) {
      int from = 2 * row * width * components + component;
      for (int x = 0; x < width; x++, from += components) {
        stored[row][x] = samples[from];
      }
    }
    for (int y = 0; y < height; y++) {
      byte[] near = stored[y / 2];
      boolean upper = y % 2 == 0;
      byte[] far = stored[Math.clamp(upper ? y / 2 - 1 : y / 2 + 1, 0, rows - 1)];
      int rounding = upper ? 1 : 2;
      int to = y * width * components + component;
      for (int x = 0; x < width; x++, to += components) {
        samples[to] = (byte) (3 * (near[x] & 0xff) + (far[x] & 0xff) + rounding >> 2);
      }
    }
  }
}
