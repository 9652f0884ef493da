package org.conceptclip.image;

import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.conceptclip.tensor.BadInputException;

/**
 * The first page of a TIFF to RGB: TwelveMonkeys undoes strips, tiles and compression, colours are converted here. As in
 * Pillow the orientation tag is applied (for TIFF alone), the high byte of 16-bit colours is taken and colours multiplied
 * by alpha are divided by it. 16-bit grey and floating-point samples are refused (Pillow clips them at 255).
 */
final class TiffDecoder {
  private static final int WHITE_IS_ZERO = 0;
  private static final int BLACK_IS_ZERO = 1;
  private static final int RGB = 2;
  private static final int PALETTE = 3;
  private static final int CMYK = 5;
  private static final int YCBCR = 6;

  private final byte[] file;
  private final String name;
  private final DecodeLimits limits;

  TiffDecoder(byte[] file, String name, DecodeLimits limits) {
    this.file = file;
    this.name = name;
    this.limits = limits;
  }

  RgbImage decode() throws IOException {
    TiffHeader header = TiffHeader.read(file, name);
    limits.check(name, header.width(), header.height());
    checkMode(header);
    ImageReader reader = new TIFFImageReaderSpi().createReaderInstance(null);
    try (ImageInputStream input = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      reader.setInput(input, true, true);
      limits.check(name, reader.getWidth(0), reader.getHeight(0));
      BufferedImage image = reader.read(0);
      return Orientation.apply(header.orientation(), toRgb(header, image));
    } finally {
      reader.dispose();
    }
  }

  private void checkMode(TiffHeader header) {
    long bits = header.bits()[0];
    int samples = header.bits().length;
    boolean uniform = Arrays.stream(header.bits()).allMatch(each -> each == bits);
    boolean known = header.sampleFormat() == 1 && uniform && switch (header.photometric()) {
      case WHITE_IS_ZERO, BLACK_IS_ZERO -> (bits == 1 || bits == 2 || bits == 4 || bits == 8) && samples == 1
          || bits == 8 && samples == 2;
      case PALETTE -> (bits == 1 || bits == 2 || bits == 4 || bits == 8) && samples == 1;
      case RGB -> (bits == 8 || bits == 16) && samples >= 3;
      case CMYK -> bits == 8 && samples >= 4;
      case YCBCR -> bits == 8 && samples == 3;
      default -> false;
    };
    if (!known) {
      throw new BadInputException(name + ": TIFF of photometric kind " + header.photometric() + ", bits "
          + Arrays.toString(header.bits()) + ", sample format " + header.sampleFormat()
          + ", expected grey, palette, RGB, CMYK or YCbCr of 8 bits (or RGB of 16); map deeper grey to 8 bits first");
    }
  }

  private RgbImage toRgb(TiffHeader header, BufferedImage image) {
    Raster raster = image.getRaster();
    byte[] samples = PluginReaders.bytes(raster);
    int bands = raster.getNumBands();
    byte[] rgb;
    if (image.getColorModel() instanceof IndexColorModel palette) {
      rgb = PluginReaders.paletteToRgb(samples, palette);
    } else if (header.photometric() == CMYK && bands >= 4) {
      rgb = JpegColour.cmykToRgb(samples, bands);
    } else {
      if (header.isPremultiplied() && bands == 4) {
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
