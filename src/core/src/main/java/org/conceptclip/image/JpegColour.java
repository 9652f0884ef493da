package org.conceptclip.image;

/**
 * JPEG's colour conversions (ITU-T T.871: full-range BT.601) in the 16-bit fixed point that libjpeg uses, and Pillow's
 * conversion of CMYK. All take interleaved samples and return interleaved RGB.
 */
final class JpegColour {
  private static final int FRACTION_BITS = 16;
  private static final int HALF = 1 << (FRACTION_BITS - 1);
  private static final int[] RED_OF_CR = new int[256];
  private static final int[] BLUE_OF_CB = new int[256];
  private static final int[] GREEN_OF_CR = new int[256];
  private static final int[] GREEN_OF_CB = new int[256];

  static {
    for (int value = 0; value < 256; value++) {
      int chroma = value - 128;
      RED_OF_CR[value] = fixed(1.40200) * chroma + HALF >> FRACTION_BITS;
      BLUE_OF_CB[value] = fixed(1.77200) * chroma + HALF >> FRACTION_BITS;
      GREEN_OF_CR[value] = -fixed(0.71414) * chroma;
      GREEN_OF_CB[value] = -fixed(0.34414) * chroma + HALF;
    }
  }

  private JpegColour() {}

  /** In place: the array given is the array returned. */
  static byte[] yccToRgb(byte[] samples) {
    for (int at = 0; at < samples.length; at += RgbImage.CHANNELS) {
      toRgb(samples, at);
    }
    return samples;
  }

  /** Adobe stores inks inverted (0 is full ink), and Pillow takes every CMYK JPEG to be Adobe's. In place for the inks. */
  static byte[] invertedCmykToRgb(byte[] samples) {
    for (int at = 0; at < samples.length; at++) {
      samples[at] = (byte) ~samples[at];
    }
    return cmykToRgb(samples, 4);
  }

  /**
   * Pillow's naive conversion: no profiles, each channel is what ink and black leave of white.
   *
   * @param samples [pixels, bands]: cyan, magenta, yellow, black, and bands that do not count; 255 is full ink
   */
  static byte[] cmykToRgb(byte[] samples, int bands) {
    byte[] rgb = new byte[Math.multiplyExact(samples.length / bands, RgbImage.CHANNELS)];
    for (int from = 0, to = 0; to < rgb.length; from += bands, to += RgbImage.CHANNELS) {
      int paper = 255 - (samples[from + 3] & 0xff);
      for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
        int product = (samples[from + channel] & 0xff) * paper + 128;
        rgb[to + channel] = clip(paper - ((product >> 8) + product >> 8));
      }
    }
    return rgb;
  }

  /** The first three components convert to RGB, which is what inverted CMY is. */
  static byte[] ycckToRgb(byte[] samples) {
    for (int at = 0; at < samples.length; at += 4) {
      toRgb(samples, at);
      // libjpeg yields CMY = 255 - RGB here, and Pillow inverts all four inks.
      for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
        samples[at + channel] = (byte) (255 - (samples[at + channel] & 0xff));
      }
    }
    return invertedCmykToRgb(samples);
  }

  private static void toRgb(byte[] samples, int at) {
    int luma = samples[at] & 0xff;
    int cb = samples[at + 1] & 0xff;
    int cr = samples[at + 2] & 0xff;
    samples[at] = clip(luma + RED_OF_CR[cr]);
    samples[at + 1] = clip(luma + (GREEN_OF_CB[cb] + GREEN_OF_CR[cr] >> FRACTION_BITS));
    samples[at + 2] = clip(luma + BLUE_OF_CB[cb]);
  }

  private static byte clip(int value) {
    return (byte) Math.clamp(value, 0, 255);
  }

  private static int fixed(double factor) {
    return (int) (factor * (1 << FRACTION_BITS) + 0.5);
  }
}
