package org.conceptclip.image;

import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.conceptclip.tensor.BadInputException;

/** GIF and BMP through the JDK's readers, TIFF and WebP through TwelveMonkeys'; the first picture of the file. */
final class PluginDecoder {
  private final ImageFormat format;
  private final byte[] file;
  private final String name;
  private final DecodeLimits limits;

  PluginDecoder(ImageFormat format, byte[] file, String name, DecodeLimits limits) {
    this.format = format;
    this.file = file;
    this.name = name;
    this.limits = limits;
  }

  RgbImage decode() throws IOException {
    ImageReader reader = reader();
    try (ImageInputStream input = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      reader.setInput(input, true, true);
      limits.check(name, reader.getWidth(0), reader.getHeight(0));
      return toRgb(reader.read(0));
    } finally {
      reader.dispose();
    }
  }

  private ImageReader reader() throws IOException {
    return switch (format) {
      case TIFF -> new TIFFImageReaderSpi().createReaderInstance(null);
      case WEBP -> new WebPImageReaderSpi().createReaderInstance(null);
      case GIF -> PluginReaders.jdk("gif");
      case BMP -> PluginReaders.jdk("bmp");
      case JPEG, PNG -> throw new IllegalArgumentException("no plug-in is used for " + format);
    };
  }

  private RgbImage toRgb(BufferedImage image) {
    Raster raster = image.getRaster();
    byte[] samples = PluginReaders.bytes(raster);
    int pixels = raster.getWidth() * raster.getHeight();
    byte[] rgb = new byte[Math.multiplyExact(pixels, RgbImage.CHANNELS)];
    int bands = raster.getNumBands();
    if (image.getColorModel() instanceof IndexColorModel palette) {
      for (int pixel = 0; pixel < pixels; pixel++) {
        int colour = palette.getRGB(samples[pixel] & 0xff);
        rgb[pixel * 3] = (byte) (colour >> 16);
        rgb[pixel * 3 + 1] = (byte) (colour >> 8);
        rgb[pixel * 3 + 2] = (byte) colour;
      }
    } else if (bands == 3 || bands == 4 || bands == 1 || bands == 2) {
      for (int pixel = 0; pixel < pixels; pixel++) {
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
          rgb[pixel * 3 + channel] = samples[pixel * bands + (bands < 3 ? 0 : channel)];
        }
      }
    } else {
      throw new BadInputException(name + ": " + format + " of " + bands + " bands, expected 1 to 4");
    }
    return new RgbImage(raster.getWidth(), raster.getHeight(), rgb);
  }
}
