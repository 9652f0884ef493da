package org.conceptclip.image;

import java.util.Arrays;

/** The samples of a TIFF as colours, by Pillow's rules; those of YCbCr by libtiff's fixed point, which Pillow uses for them. */
final class TiffColour {
  private static final float[] BT_601 = {0.299f, 0.587f, 0.114f};
  private static final float[] FULL_RANGE = {0, 255, 128, 255, 128, 255};
  private static final int FRACTION_BITS = 16;

  private final TiffLayout layout;

  /** Grey of each value; or red, green and blue of each palette index, one table after the other. */
  private final byte[] table;

  private final Ycc ycc;
  private byte[] converted = {};

  TiffColour(ImageSource source, TiffTags tags, TiffLayout layout) {
    this.layout = layout;
    boolean palette = layout.photometric == TiffLayout.PALETTE;
    this.table = palette ? palette(source, tags, layout.bits) : greys(layout);
    this.ycc = layout.photometric == TiffLayout.YCBCR && layout.compression != TiffCompression.JPEG
        ? new Ycc(tags.quotients(TiffTags.LUMA_COEFFICIENTS, BT_601), tags.quotients(TiffTags.REFERENCE_BLACK_WHITE, FULL_RANGE))
        : null;
  }

  /** 1 for grey, else 3. */
  static int channels(TiffLayout layout) {
    return layout.photometric == TiffLayout.GREY_FROM_WHITE || layout.photometric == TiffLayout.GREY_FROM_BLACK ? 1 : RgbImage.CHANNELS;
  }

  int channels() {
    return channels(layout);
  }

  /**
   * Converts pixels.
   *
   * @param samples [pixels, kept] from byte {@code from} on
   * @return [pixels, channels], from the first byte on, valid until the next call
   */
  byte[] convert(byte[] samples, int from, int pixels) {
    int bytes = pixels * channels();
    if (converted.length < bytes) {
      converted = new byte[bytes];
    }
    switch (layout.photometric) {
      case TiffLayout.GREY_FROM_WHITE, TiffLayout.GREY_FROM_BLACK -> {
        for (int i = 0; i < pixels; i++) {
          converted[i] = table[samples[from + i] & 0xff];
        }
      }
      case TiffLayout.PALETTE -> {
        for (int i = 0, to = 0; i < pixels; i++, to += RgbImage.CHANNELS) {
          int index = samples[from + i] & 0xff;
          converted[to] = table[index];
          converted[to + 1] = table[index + 256];
          converted[to + 2] = table[index + 512];
        }
      }
      case TiffLayout.CMYK -> {
        byte[] rgb = JpegColour.cmykToRgb(Arrays.copyOfRange(samples, from, from + 4 * pixels), 4);
        System.arraycopy(rgb, 0, converted, 0, bytes);
      }
      default -> {
        if (ycc != null) {
          ycc.convert(samples, from, pixels, converted);
        } else if (layout.premultiplied) {
          divideByAlpha(samples, from, pixels);
        } else {
          System.arraycopy(samples, from, converted, 0, bytes);
        }
      }
    }
    return converted;
  }

  private void divideByAlpha(byte[] samples, int from, int pixels) {
    for (int i = 0, at = from, to = 0; i < pixels; i++, at += 4, to += RgbImage.CHANNELS) {
      int alpha = samples[at + 3] & 0xff;
      for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
        int value = samples[at + channel] & 0xff;
        converted[to + channel] = (byte) (alpha == 0 ? 0 : Math.min(255 * value / alpha, 255));
      }
    }
  }

  private static byte[] greys(TiffLayout layout) {
    byte[] greys = new byte[256];
    int most = (1 << Math.min(layout.bits, 8)) - 1;
    for (int value = 0; value <= most; value++) {
      int grey = value * 255 / most;
      greys[value] = (byte) (layout.photometric == TiffLayout.GREY_FROM_WHITE ? 255 - grey : grey);
    }
    return greys;
  }

  /** Components of 16 bits, of which the upper half counts; in files of writers who did not know, none exceeds 255. */
  private static byte[] palette(ImageSource source, TiffTags tags, int bits) {
    int colours = 1 << bits;
    int given = tags.count(TiffTags.COLOUR_MAP);
    if (given < RgbImage.CHANNELS * colours) {
      throw source.damaged("a colour map of " + given + " values", RgbImage.CHANNELS * colours + "");
    }
    TiffTags.Integers values = tags.integers(TiffTags.COLOUR_MAP);
    int shift = 0;
    for (int i = 0; i < RgbImage.CHANNELS * colours; i++) {
      shift = values.get(i) > 255 ? 8 : shift;
    }
    byte[] table = new byte[RgbImage.CHANNELS * 256];
    for (int i = 0; i < RgbImage.CHANNELS * colours; i++) {
      table[i / colours * 256 + i % colours] = (byte) (values.get(i) >> shift);
    }
    return table;
  }

  /** Luma and chroma to RGB with 16 bits of fraction. */
  private static final class Ycc {
    private static final int HALF = 1 << (FRACTION_BITS - 1);
    private static final int MOST = 128 * 32;

    private final int[] luma = new int[256];
    private final int[] redOfCr = new int[256];
    private final int[] blueOfCb = new int[256];
    private final int[] greenOfCr = new int[256];
    private final int[] greenOfCb = new int[256];

    Ycc(float[] weights, float[] range) {
      float red = 2 - 2 * weights[0];
      float blue = 2 - 2 * weights[2];
      float green = weights[1] == 0 ? 1 : weights[1];
      int byRed = fixed(red);
      int greenByRed = -fixed(weights[0] * red / green);
      int byBlue = fixed(blue);
      int greenByBlue = -fixed(weights[2] * blue / green);
      for (int value = 0; value < 256; value++) {
        int cr = scaled(value - 128, range[4] - 128, range[5] - 128, 127);
        int cb = scaled(value - 128, range[2] - 128, range[3] - 128, 127);
        redOfCr[value] = byRed * cr + HALF >> FRACTION_BITS;
        blueOfCb[value] = byBlue * cb + HALF >> FRACTION_BITS;
        greenOfCr[value] = greenByRed * cr;
        greenOfCb[value] = greenByBlue * cb + HALF;
        luma[value] = scaled(value, range[0], range[1], 255);
      }
    }

    private static int fixed(float factor) {
      return (int) (Math.clamp(factor, 0f, 2f) * (1 << FRACTION_BITS) + 0.5);
    }

    private static int scaled(int value, float black, float white, int range) {
      float width = white - black;
      return (int) Math.clamp((value - (int) black) * (float) range / (width == 0 ? 1 : width), -MOST, MOST);
    }

    void convert(byte[] samples, int from, int pixels, byte[] rgb) {
      for (int i = 0, at = from, to = 0; i < pixels; i++, at += RgbImage.CHANNELS, to += RgbImage.CHANNELS) {
        int y = luma[samples[at] & 0xff];
        int cb = samples[at + 1] & 0xff;
        int cr = samples[at + 2] & 0xff;
        rgb[to] = (byte) Math.clamp(y + redOfCr[cr], 0, 255);
        rgb[to + 1] = (byte) Math.clamp(y + (greenOfCb[cb] + greenOfCr[cr] >> FRACTION_BITS), 0, 255);
        rgb[to + 2] = (byte) Math.clamp(y + blueOfCb[cb], 0, 255);
      }
    }
  }
}
