package org.conceptclip.explain;

/**
 * The colours of heatmaps: dark violet for low values over blue and green to yellow for high ones. Lightness rises evenly all the way, so
 * that the order of values can be seen without telling hues apart, also in a grey print.
 *
 * <p>Source: eleven colours of matplotlib's map "viridis" (S. van der Walt and N. Smith, 2015, in the public domain under CC0), between
 * which the colours here are interpolated in CIELAB (CIE 15, white point D65).
 */
public final class ColourMap {
  private static final int[] CONTROL = {
    0x440154, 0x482576, 0x414487, 0x35608D, 0x2A788E, 0x21908C, 0x22A884, 0x43BF71, 0x7AD151, 0xBBDF27, 0xFDE725};
  private static final int STEPS = 256;
  private static final double[] WHITE = {0.95047, 1, 1.08883};
  private static final int[] COLOURS = table();

  private ColourMap() {}

  /**
   * The colour of a value.
   *
   * @param share where it lies in its range: 0 at the low end, 1 at the high one; others count as the nearer end
   * @return red, green and blue, 8 bits each, red in the highest of 24
   */
  public static int rgb(double share) {
    return COLOURS[(int) Math.round(Math.clamp(share, 0, 1) * (STEPS - 1))];
  }

  private static int[] table() {
    int[] colours = new int[STEPS];
    for (int i = 0; i < STEPS; i++) {
      double place = (double) i * (CONTROL.length - 1) / (STEPS - 1);
      int before = Math.min((int) place, CONTROL.length - 2);
      double[] from = lab(CONTROL[before]);
      double[] to = lab(CONTROL[before + 1]);
      double[] between = new double[3];
      for (int c = 0; c < 3; c++) {
        between[c] = from[c] + (place - before) * (to[c] - from[c]);
      }
      colours[i] = rgb(between);
    }
    return colours;
  }

  private static double[] lab(int rgb) {
    double red = linear(rgb >> 16 & 0xFF);
    double green = linear(rgb >> 8 & 0xFF);
    double blue = linear(rgb & 0xFF);
    double x = root((0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / WHITE[0]);
    double y = root((0.2126729 * red + 0.7151522 * green + 0.0721750 * blue) / WHITE[1]);
    double z = root((0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / WHITE[2]);
    return new double[] {116 * y - 16, 500 * (x - y), 200 * (y - z)};
  }

  private static int rgb(double[] lab) {
    double middle = (lab[0] + 16) / 116;
    double x = WHITE[0] * cube(middle + lab[1] / 500);
    double y = WHITE[1] * cube(middle);
    double z = WHITE[2] * cube(middle - lab[2] / 200);
    return encoded(3.2404542 * x - 1.5371385 * y - 0.4985314 * z) << 16
        | encoded(-0.9692660 * x + 1.8760108 * y + 0.0415560 * z) << 8
        | encoded(0.0556434 * x - 0.2040259 * y + 1.0572252 * z);
  }

  /** Light of an sRGB value, 0 to 1 (IEC 61966-2-1). */
  private static double linear(int value) {
    double share = value / 255.0;
    return share <= 0.04045 ? share / 12.92 : Math.pow((share + 0.055) / 1.055, 2.4);
  }

  private static int encoded(double light) {
    double share = light <= 0.0031308 ? 12.92 * light : 1.055 * Math.pow(light, 1 / 2.4) - 0.055;
    return (int) Math.round(255 * Math.clamp(share, 0, 1));
  }

  private static double root(double share) {
    return share > 216.0 / 24389 ? Math.cbrt(share) : (24389.0 / 27 * share + 16) / 116;
  }

  private static double cube(double root) {
    return root > 6.0 / 29 ? root * root * root : (116 * root - 16) * 27 / 24389;
  }
}
