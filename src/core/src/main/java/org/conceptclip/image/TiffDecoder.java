package org.conceptclip.image;

import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Arrays;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.conceptclip.tensor.BadInputException;

/**
 * The first page of a TIFF to RGB: TwelveMonkeys undoes strips, tiles and compression, colours are converted here. As in
 * Pillow the orientation tag is applied (for TIFF alone), the high byte of 16-bit colours is taken and colours multiplied
 * by alpha are divided by it. 16-bit grey and floating-point samples are rejected (Pillow clips them at 255).
 */
final class TiffDecoder {
  private static final int GREY_FROM_WHITE = 0;
  private static final int GREY_FROM_BLACK = 1;
  private static final int RGB = 2;
  private static final int PALETTE = 3;
  private static final int CMYK = 5;
  private static final int YCBCR = 6;
  private static final int MOST_SAMPLES = 16;

  private TiffDecoder() {}

  static RgbImage decode(ImageSource source) throws IOException {
    TiffTags tags = new TiffTags(source);
    source.checkSize(tags.first(TiffTags.WIDTH, -1), tags.first(TiffTags.HEIGHT, -1));
    source.checkSize(tags.first(TiffTags.TILE_WIDTH, 1), tags.first(TiffTags.TILE_HEIGHT, 1));
    int photometric = (int) tags.first(TiffTags.PHOTOMETRIC, -1);
    checkMode(source, tags, photometric);
    tags.requirePixelData();
    ImageReader reader = new TIFFImageReaderSpi().createReaderInstance(null);
    try (ImageInputStream input = new ByteArrayImageInputStream(tags.withTagsOfPixelsOnly())) {
      reader.setInput(input, true, true);
      source.checkSize(reader.getWidth(0), reader.getHeight(0));
      BufferedImage image = reader.read(0);
      boolean premultiplied = tags.first(TiffTags.EXTRA_SAMPLES, 0) == 1;
      return Orientation.apply((int) tags.first(TiffTags.ORIENTATION, 1), toRgb(image, photometric, premultiplied));
    } finally {
      reader.dispose();
    }
  }

  private static void checkMode(ImageSource source, TiffTags tags, int photometric) {
    long samples = tags.first(TiffTags.SAMPLES, 1);
    long[] eachBits = tags.values(TiffTags.BITS, 1);
    long bits = eachBits.length == 0 ? 0 : eachBits[0];
    long format = tags.first(TiffTags.SAMPLE_FORMAT, 1);
    // One number of bits may stand for all samples.
    boolean uniform = (eachBits.length == 1 || eachBits.length == samples) && Arrays.stream(eachBits).allMatch(each -> each == bits);
    boolean small = bits == 1 || bits == 2 || bits == 4 || bits == 8;
    boolean known = format == 1 && uniform && samples <= MOST_SAMPLES && switch (photometric) {
      case GREY_FROM_WHITE, GREY_FROM_BLACK -> small && samples == 1 || bits == 8 && samples == 2;
      case PALETTE -> small && samples == 1;
      case RGB -> (bits == 8 || bits == 16) && samples >= 3;
      case CMYK -> bits == 8 && samples >= 4;
      case YCBCR -> bits == 8 && samples == 3;
      default -> false;
    };
    if (!known) {
      throw new BadInputException(source.name() + ": TIFF of photometric kind " + photometric + ", " + samples + " samples of "
          + Arrays.toString(Arrays.copyOf(eachBits, Math.min(eachBits.length, MOST_SAMPLES))) + " bits, sample format " + format
          + ", expected grey, palette, RGB, CMYK or YCbCr of 8 bits (or RGB of 16); map deeper grey to 8 bits first");
    }
  }

  private static RgbImage toRgb(BufferedImage image, int photometric, boolean premultiplied) {
    Raster raster = image.getRaster();
    byte[] samples = PluginReaders.bytes(raster);
    int bands = raster.getNumBands();
    byte[] rgb;
    if (image.getColorModel() instanceof IndexColorModel palette) {
      rgb = PluginReaders.paletteToRgb(samples, palette);
    } else if (photometric == CMYK && bands >= 4) {
      rgb = JpegColour.cmykToRgb(samples, bands);
    } else {
      if (premultiplied && bands == 4) {
        divideByAlpha(samples);
      }
      rgb = PluginReaders.toRgb(samples, bands);
    }
    return new RgbImage(raster.getWidth(), raster.getHeight(), rgb);
  }

  private static void divideByAlpha(byte[] rgba) {
    for (int at = 0; at < rgba.length; at += 4) {
      int alpha = rgba[at + 3] & 0xff;
      for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
        int colour = rgba[at + channel] & 0xff;
        rgba[at + channel] = (byte) (alpha == 0 ? 0 : Math.min(255 * colour / alpha, 255));
      }
    }
  }
}
